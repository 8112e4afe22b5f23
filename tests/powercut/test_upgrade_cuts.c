/* The only root is written anew, from a stick and from RAM, cut at each operation, and the boot
 * after it again. From a stick the next boot always makes it the new root with the settings. From
 * RAM a root that can be entered is the old one with its overlay, or a whole new one. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "plat/fake/block.h"
#include "store/recovery.h"
#include "store/upgrade.h"
#include "tests/silent.h"

#define BLOCK	    512
#define BODY_BLOCKS 4
#define ROOT_BLOCKS (1 + BODY_BLOCKS) /* a head and a body */
#define OVERLAY	    ROOT_BLOCKS	      /* superblock, then what was saved */
#define DISK_BLOCKS (ROOT_BLOCKS + 2)
#define RECORD_AREA (LB_RECORD_COPIES * LB_RECORD_BYTES)

enum {
	OLD = 'o',
	NEW = 'n',
	NOTHING = 0,
	SETTINGS = 's',
	SAVED = 'd'
};

static struct lb_fake_power power;
static struct lb_fake_block disk, stick, area;
static struct plat_block disk_dev, stick_dev, area_dev;
static struct lb_record record;
static bool kept;	 /* the image lies on the stick; else in RAM */
static bool place_fails; /* as on a disk without room */
static uint8_t seen[DISK_BLOCKS * BLOCK], first_disk[DISK_BLOCKS * BLOCK];
static uint8_t first_area[RECORD_AREA], first_stick[BLOCK];

static int put(const struct plat_block *dev, uint64_t block, int what)
{
	uint8_t bytes[BLOCK];

	memset(bytes, what, sizeof(bytes));
	return dev->write(dev->ctx, block * BLOCK, bytes, sizeof(bytes));
}

static int put_durably(const struct plat_block *dev, uint64_t block, int what)
{
	int rc = put(dev, block, what);

	return rc < 0 ? rc : dev->flush(dev->ctx);
}

static int do_check(void *ctx)
{
	uint8_t archive[BLOCK];

	if (!kept)
		return 0;
	if (stick_dev.read(stick_dev.ctx, 0, archive, sizeof(archive)) < 0)
		return LB_E(IO);
	return archive[0] == SETTINGS ? 0 : LB_E(NOENT);
}

static int do_note(void *ctx, enum lb_upgrade_stage stage)
{
	int rc = lb_recovery_load(&record, &area_dev);

	if (rc < 0)
		return rc;
	record.upgrade.stage = (uint8_t)stage;
	return lb_recovery_save(&record, &area_dev);
}

/* In the order of install/install.h. */
static int do_write(void *ctx)
{
	int rc = do_note(ctx, LB_UPGRADE_BEGUN);

	if (rc < 0)
		return LB_E(STATE);
	rc = put_durably(&disk_dev, 0, NOTHING);
	for (uint64_t i = 1; rc == 0 && i < ROOT_BLOCKS; i++)
		rc = put(&disk_dev, i, NEW);
	if (rc == 0)
		rc = put(&disk_dev, OVERLAY, NOTHING);
	if (rc == 0)
		rc = disk_dev.flush(disk_dev.ctx);
	return rc == 0 ? put_durably(&disk_dev, 0, NEW) : rc;
}

/* As store/stage.h does it. */
static int do_place(void *ctx)
{
	int rc = place_fails ? LB_E(NOSPC) : put_durably(&disk_dev, OVERLAY, NOTHING);

	if (rc == 0)
		rc = put_durably(&disk_dev, OVERLAY + 1, SETTINGS);
	return rc == 0 ? put_durably(&disk_dev, OVERLAY, SETTINGS) : rc;
}

static int do_end(void *ctx, enum lb_upgrade_outcome outcome)
{
	int rc = lb_recovery_load(&record, &area_dev);

	if (rc < 0)
		return rc;
	record.upgrade = (struct lb_upgrade_record){.outcome = (uint8_t)outcome};
	return lb_recovery_save(&record, &area_dev);
}

static int do_tidy(void *ctx)
{
	return kept ? put_durably(&stick_dev, 0, NOTHING) : 0;
}

static int run(enum lb_upgrade_stage stage)
{
	const struct plat_upgrade p = {.check = do_check,
				       .write = do_write,
				       .note = do_note,
				       .place = do_place,
				       .end = do_end,
				       .tidy = do_tidy};
	const struct lb_upgrade_sense sense = {.stage = stage, .settings = true};
	enum lb_upgrade_outcome outcome;

	return lb_upgrade_run(&p, &sense, &outcome);
}

/* What the gate does; false: rescue. */
static bool boot(void)
{
	enum lb_upgrade_stage stage;
	uint8_t head[BLOCK];

	if (lb_recovery_load(&record, &area_dev) < 0)
		return false;
	stage = (enum lb_upgrade_stage)record.upgrade.stage;
	switch (lb_upgrade_at_boot(stage, record.upgrade.image_len > 0)) {
	case LB_UPGRADE_BOOT_RESUME:
		if (run(stage) < 0)
			return false;
		break;
	case LB_UPGRADE_BOOT_TRY:
	case LB_UPGRADE_BOOT_AS_EVER:
		break;
	}
	return disk_dev.read(disk_dev.ctx, 0, head, sizeof(head)) == 0 && head[0] != NOTHING;
}

static bool is_body(int what)
{
	for (size_t i = BLOCK; i < ROOT_BLOCKS * BLOCK; i++)
		if (seen[i] != what)
			return false;
	return true;
}

static int overlay(void)
{
	return seen[OVERLAY * BLOCK] == seen[(OVERLAY + 1) * BLOCK] ? seen[OVERLAY * BLOCK]
								    : NOTHING;
}

/* Whatever the record says. */
static const char *look_at_head(void)
{
	lb_fake_block_peek(&disk, 0, seen, sizeof(seen));
	if (seen[0] == OLD && (!is_body(OLD) || overlay() != SAVED))
		return "the old head stands over a body or an overlay that is not its own";
	if (seen[0] == NEW && !is_body(NEW))
		return "the new head stands over a body that is not whole";
	if (seen[0] == NEW && seen[OVERLAY * BLOCK] == SAVED)
		return "the new root would find the old overlay";
	return NULL;
}

static const char *check_stick(void *ctx)
{
	const char *wrong = look_at_head();

	if (wrong)
		return wrong;
	if (!boot())
		return "the boot after it does not come up";
	lb_fake_block_peek(&disk, 0, seen, sizeof(seen));
	if (seen[0] != NEW || !is_body(NEW))
		return "the root is not new after it";
	if (overlay() != SETTINGS)
		return "the settings are lost";
	if (record.upgrade.stage != LB_UPGRADE_NONE ||
	    record.upgrade.outcome != LB_UPGRADE_COMPLETE)
		return "the record does not say that it is done";
	return NULL;
}

static const char *check_ram(void *ctx)
{
	const char *wrong = look_at_head();
	bool up = boot();

	if (wrong)
		return wrong;
	if (up != (seen[0] != NOTHING))
		return "a whole root is not entered, or one without a head is";
	if (!up && record.upgrade.stage != LB_UPGRADE_BEGUN)
		return "rescue does not know why";
	return NULL;
}

/* An operation fails and the power stays on: afterwards the root is whole, or the request stays. */
static const char *check_failure(void *ctx)
{
	const char *wrong = look_at_head();

	if (wrong)
		return wrong;
	if (lb_recovery_load(&record, &area_dev) < 0)
		return "the record is gone";
	if (record.upgrade.stage == LB_UPGRADE_NONE && seen[0] == NOTHING)
		return "the request is gone, and the root is not whole";
	if (!boot())
		return "the next boot does not come up";
	lb_fake_block_peek(&disk, 0, seen, sizeof(seen));
	if (seen[0] == OLD)
		return record.upgrade.outcome == LB_UPGRADE_REFUSED ? NULL : "old, and not refused";
	return overlay() == SETTINGS || record.upgrade.outcome == LB_UPGRADE_NO_SETTINGS
		       ? NULL
		       : "the settings are lost, and nobody is told";
}

static void put_world_back(void *ctx)
{
	lb_fake_block_poke(&disk, 0, first_disk, sizeof(first_disk));
	lb_fake_block_poke(&area, 0, first_area, sizeof(first_area));
	lb_fake_block_poke(&stick, 0, first_stick, sizeof(first_stick));
}

static void keep_world(void)
{
	lb_fake_block_peek(&disk, 0, first_disk, sizeof(first_disk));
	lb_fake_block_peek(&area, 0, first_area, sizeof(first_area));
	lb_fake_block_peek(&stick, 0, first_stick, sizeof(first_stick));
}

static void run_boot(void *ctx)
{
	(void)boot();
}

static void run_ram(void *ctx)
{
	if (run(LB_UPGRADE_NONE) < 0)
		return;
}

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_block_init(&disk, &power, DISK_BLOCKS * BLOCK);
	lb_fake_block_init(&stick, &power, BLOCK);
	lb_fake_block_init(&area, &power, RECORD_AREA);
	disk_dev = lb_fake_block_plat(&disk);
	stick_dev = lb_fake_block_plat(&stick);
	area_dev = lb_fake_block_plat(&area);
	memset(first_disk, OLD, ROOT_BLOCKS * BLOCK);
	memset(first_disk + OVERLAY * BLOCK, SAVED, 2 * BLOCK);
	memset(first_stick, SETTINGS, sizeof(first_stick));
	lb_fake_block_poke(&disk, 0, first_disk, sizeof(first_disk));
	lb_fake_block_poke(&stick, 0, first_stick, sizeof(first_stick));
	silence_log();
	place_fails = false;
	return 0;
}

static void ask(bool from_stick)
{
	kept = from_stick;
	record = (struct lb_record){.boot_count = 1};
	if (from_stick) {
		record.upgrade.stage = LB_UPGRADE_ASKED;
		record.upgrade.image_len = 1;
	}
	assert_int_equal(lb_recovery_save(&record, &area_dev), 0);
	keep_world();
}

static int stop(void **state)
{
	lb_fake_block_release(&disk);
	lb_fake_block_release(&stick);
	lb_fake_block_release(&area);
	return 0;
}

static void stick__cut_at_every_operation__the_next_boot_has_the_new_root_with_the_settings(
	void **state)
{
	const struct lb_fake_scenario scenario = {
		.setup = put_world_back, .run = run_boot, .check = check_stick};
	uint64_t cuts;

	ask(true);
	cuts = lb_fake_power_cuts(&power, &scenario);
	print_message("power cuts: %" PRIu64 "\n", cuts);
	assert_true(cuts > 200);
}

static void stick__cut_and_cut_again_in_the_next_boot__the_one_after_has_it(void **state)
{
	const struct lb_fake_scenario scenario = {
		.setup = put_world_back, .run = run_boot, .check = check_stick};
	uint64_t cuts = 0, firsts = 0;
	bool came = true;

	for (uint64_t at = 1; came; at++) {
		lb_fake_power_on(&power);
		if (at == 1)
			ask(true);
		else {
			stop(NULL);
			start(NULL);
			ask(true);
		}
		lb_fake_power_on(&power);
		power.fault_at = at;
		power.fault_cuts = true;
		power.fate = (struct lb_fake_fate){LB_FAKE_REORDERED, at};
		run_boot(NULL);
		came = power.off;
		if (!power.off)
			lb_fake_power_go_off(&power);
		lb_fake_power_on(&power);
		keep_world();
		cuts += lb_fake_power_cuts(&power, &scenario);
		firsts++;
	}
	print_message("power cuts in the second boot: %" PRIu64 " after %" PRIu64 " first ones\n",
		      cuts, firsts);
	assert_true(firsts > 20 && cuts > 2000);
}

static void ram__cut_at_every_operation__old_root_with_its_overlay_or_whole_new_one_or_rescue(
	void **state)
{
	const struct lb_fake_scenario scenario = {
		.setup = put_world_back, .run = run_ram, .check = check_ram};
	uint64_t cuts;

	ask(false);
	cuts = lb_fake_power_cuts(&power, &scenario);
	print_message("power cuts: %" PRIu64 "\n", cuts);
	assert_true(cuts > 200);
}

static void stick__each_operation_fails__the_next_boot_goes_on_or_has_the_old_system(void **state)
{
	const struct lb_fake_scenario scenario = {
		.setup = put_world_back, .run = run_boot, .check = check_failure};
	uint64_t count;

	ask(true);
	count = lb_fake_power_fails(&power, &scenario);
	print_message("failures: %" PRIu64 "\n", count);
	assert_true(count > 20);
}

static void stick__settings_cannot_be_placed__new_root_is_used_and_the_archive_stays(void **state)
{
	uint8_t archive[BLOCK];

	ask(true);
	place_fails = true;
	assert_true(boot());
	assert_int_equal(record.upgrade.outcome, LB_UPGRADE_NO_SETTINGS);
	lb_fake_block_peek(&stick, 0, archive, sizeof(archive));
	assert_int_equal(archive[0], SETTINGS);
}

static void stick__other_file_once_it_has_begun__rescue_until_the_right_one_is_back(void **state)
{
	static const uint8_t other[BLOCK];

	ask(true);
	assert_int_equal(do_note(NULL, LB_UPGRADE_BEGUN), 0);
	lb_fake_block_poke(&stick, 0, other, sizeof(other));
	assert_false(boot());
	assert_int_equal(record.upgrade.stage, LB_UPGRADE_BEGUN);
	lb_fake_block_poke(&stick, 0, first_stick, sizeof(first_stick));
	assert_null(check_stick(NULL));
}

static void stick__other_file_before_it_has_begun__old_system_and_the_request_is_gone(void **state)
{
	static const uint8_t other[BLOCK];

	ask(true);
	lb_fake_block_poke(&stick, 0, other, sizeof(other));
	assert_true(boot());
	lb_fake_block_peek(&disk, 0, seen, sizeof(seen));
	assert_int_equal(seen[0], OLD);
	assert_int_equal(record.upgrade.stage, LB_UPGRADE_NONE);
	assert_int_equal(record.upgrade.outcome, LB_UPGRADE_REFUSED);
}

#define fresh(f) cmocka_unit_test_setup_teardown(f, start, stop)

TESTS(fresh(stick__cut_at_every_operation__the_next_boot_has_the_new_root_with_the_settings),
      fresh(stick__cut_and_cut_again_in_the_next_boot__the_one_after_has_it),
      fresh(ram__cut_at_every_operation__old_root_with_its_overlay_or_whole_new_one_or_rescue),
      fresh(stick__each_operation_fails__the_next_boot_goes_on_or_has_the_old_system),
      fresh(stick__settings_cannot_be_placed__new_root_is_used_and_the_archive_stays),
      fresh(stick__other_file_once_it_has_begun__rescue_until_the_right_one_is_back),
      fresh(stick__other_file_before_it_has_begun__old_system_and_the_request_is_gone))
