/* Bringing up the overlay, from everything a disk and a record may hold, with the power cut or an
 * error at each operation. Whatever happens, the next boot comes up, and what the owner saved is
 * there unless erasing it was asked for. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "plat/fake/overlay.h"
#include "store/live_switch.h"
#include "store/overlay.h"
#include "tests/silent.h"

static struct lb_fake_power power;
static struct lb_fake_overlay fake;
static struct lb_fake_overlay_disk first; /* what the scenario starts with */
static struct lb_overlay_report report;
static int rc;

/* The system is up on RAM: mount_root done. */
static void go_to_flash(void)
{
	const struct plat_live_switch p = lb_fake_overlay_live_plat(&fake);
	struct lb_live_report live;

	if (lb_live_switch_run(&p, &live) == 0) {
		report.on_tmpfs = false;
		report.why = LB_WHY_NOTHING;
	}
}

/* The next boot of the device. */
static void boot(void)
{
	const struct plat_overlay p = lb_fake_overlay_plat(&fake);
	struct lb_overlay_sense s;

	lb_fake_overlay_reboot(&fake);
	s = lb_fake_overlay_sense(&fake);
	rc = lb_overlay_bring_up(&p, &s, &report);
	if (rc == 0 && report.why == LB_WHY_NOT_READY)
		go_to_flash();
}

static bool on_disk(void)
{
	return rc == 0 && fake.mounted == LB_FAKE_DISK;
}

static bool is_file_system(enum lb_overlay_content content)
{
	return content == LB_CONTENT_EXT4 || content == LB_CONTENT_F2FS ||
	       content == LB_CONTENT_JFFS2 || content == LB_CONTENT_UBIFS;
}

static bool erasing_is_asked_for(const struct lb_fake_overlay_disk *d)
{
	return d->content == LB_CONTENT_DEADCODE || d->note == LB_FAKE_NOTE_FORMATTING;
}

/* Can a device come to hold this? */
static bool exists(const struct lb_fake_overlay_disk *d)
{
	bool known = is_file_system(d->content) ||
		     (d->content == LB_CONTENT_UNKNOWN && d->damage == LB_FAKE_REPAIRABLE);

	if (d->content == LB_CONTENT_BLANK && d->owners_data)
		return false;
	if (lb_volume_is_flash(d->kind)) { /* JFFS2 mounts with any damage, nobody repairs UBIFS */
		known = is_file_system(d->content);
		if (d->damage == LB_FAKE_REPAIRABLE ||
		    (d->kind == LB_VOLUME_MTD && d->damage != LB_FAKE_SOUND))
			return false;
	}
	return known || (d->damage == LB_FAKE_SOUND && !d->full && d->fs_state == 0);
}

static enum lb_volume kind;

static bool next_disk(struct lb_fake_overlay_disk *d, unsigned *n)
{
	static const enum lb_overlay_content contents[][5] = {
		[LB_VOLUME_ROOTDISK] = {LB_CONTENT_UNKNOWN, LB_CONTENT_BLANK, LB_CONTENT_DEADCODE,
					LB_CONTENT_EXT4, LB_CONTENT_F2FS},
		[LB_VOLUME_MTD] = {LB_CONTENT_UNKNOWN, LB_CONTENT_BLANK, LB_CONTENT_DEADCODE,
				   LB_CONTENT_JFFS2, LB_CONTENT_JFFS2},
		[LB_VOLUME_UBI] = {LB_CONTENT_UNKNOWN, LB_CONTENT_BLANK, LB_CONTENT_DEADCODE,
				   LB_CONTENT_UBIFS, LB_CONTENT_UBIFS},
	};

	for (; *n < 5 * 3 * 3 * 2 * 2 * 4; ++*n) {
		unsigned k = *n;

		d->kind = kind;
		d->content = contents[kind][k % 5];
		k /= 5;
		d->damage = (enum lb_fake_damage)(k % 3);
		k /= 3;
		d->fs_state = (enum lb_fs_state)(k % 3);
		k /= 3;
		d->full = k % 2;
		k /= 2;
		d->owners_data = k % 2;
		k /= 2;
		d->note = (enum lb_fake_note)(k % 4);
		if (exists(d)) {
			if (lb_volume_is_flash(kind))
				lb_fake_overlay_put_flash(d, *n % 5 == 4);
			++*n;
			return true;
		}
	}
	return false;
}

static void put_world_back(void *ctx)
{
	fake.disk = first;
	fake.erase_asked = erasing_is_asked_for(&first);
}

static void boot_once(void *ctx)
{
	boot();
}

static const char *check_report(void)
{
	if ((rc == 0) != fake.switched)
		return "what is reported is not what is over the root";
	if (rc == 0 && report.on_tmpfs != (fake.mounted == LB_FAKE_RAM))
		return "RAM and disk are mixed up in the report";
	if ((rc < 0 || report.on_tmpfs) != (report.why != LB_WHY_NOTHING))
		return "a reason is missing, or one is given for nothing";
	if (report.used_percent < -1 || report.used_percent > 100)
		return "the overlay is used by less than nothing or more than all";
	return NULL;
}

/* What the owner saves now is there at the next boot. */
static const char *check_life_goes_on(void)
{
	if (!on_disk() || fake.disk.full)
		return NULL;
	lb_fake_overlay_own(&fake);
	fake.erase_asked = false;
	boot();
	if (!on_disk())
		return "an overlay that worked does not come up again";
	return fake.disk.owners_data ? NULL : "what the owner saved after this boot is gone";
}

static const char *check_owners_data(void)
{
	if (first.owners_data && !erasing_is_asked_for(&first) && !fake.disk.owners_data)
		return "the owner's data is gone";
	return NULL;
}

/* After a cut: one more boot, without any fault. */
static const char *check_next_boot(void *ctx)
{
	bool erased = erasing_is_asked_for(&first) || first.content == LB_CONTENT_BLANK;
	const char *wrong;

	boot();
	wrong = check_report();
	if (!wrong)
		wrong = check_owners_data();
	if (wrong)
		return wrong;
	if (rc < 0)
		return "nothing comes up";
	if (erased && first.note != LB_FAKE_NO_RECORD && !on_disk())
		return "a formatting that was cut is not begun again";
	if (erased && first.note != LB_FAKE_NO_RECORD && fake.disk.owners_data)
		return "what was to be erased is still there";
	if (!erased && first.damage != LB_FAKE_HOPELESS && exists(&first) &&
	    (is_file_system(first.content) || first.damage == LB_FAKE_REPAIRABLE) && !on_disk())
		return "an overlay that can be had does not come up";
	return check_life_goes_on();
}

/* After an error: this boot is looked at first, as the person lives with it. */
static const char *check_this_boot(void *ctx)
{
	const char *wrong = check_report();

	if (!wrong)
		wrong = check_owners_data();
	if (wrong)
		return wrong;
	return on_disk() ? check_life_goes_on() : check_next_boot(ctx);
}

static const struct lb_fake_scenario cut_scenario = {
	.setup = put_world_back, .run = boot_once, .check = check_next_boot};
static const struct lb_fake_scenario fail_scenario = {
	.setup = put_world_back, .run = boot_once, .check = check_this_boot};

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_overlay_init(&fake, &power);
	kind = *state ? *(enum lb_volume *)*state : LB_VOLUME_ROOTDISK;
	first = (struct lb_fake_overlay_disk){.content = LB_CONTENT_BLANK};
	silence_log();
	return 0;
}

static void overlay__power_cut_at_every_operation_from_every_disk__comes_up_with_the_owners_data(
	void **state)
{
	uint64_t cuts = 0;
	unsigned disks = 0;

	for (unsigned n = 0; next_disk(&first, &n); disks++)
		cuts += lb_fake_power_cuts(&power, &cut_scenario);
	print_message("power cuts: %" PRIu64 " from %u disks\n", cuts, disks);
	assert_true(disks > 100 && cuts > 10 * disks);
}

static void overlay__every_operation_fails_from_every_disk__owners_data_stays(void **state)
{
	uint64_t fails = 0;

	for (int stored = 0; stored < 2; stored++) {
		fake.failure_is_stored = stored;
		for (unsigned n = 0; next_disk(&first, &n);)
			fails += lb_fake_power_fails(&power, &fail_scenario);
	}
	print_message("operations that failed: %" PRIu64 "\n", fails);
	assert_true(fails > 1000);
}

static void overlay__second_boot_cut_as_well__comes_up_with_the_owners_data(void **state)
{
	uint64_t cuts = 0;

	for (unsigned n = 0; next_disk(&first, &n);) {
		const struct lb_fake_overlay_disk begin = first;

		/* Every stage of a mkfs that a first cut may leave. */
		for (uint64_t at = 1; at < 9; at++)
			for (uint64_t stage = 0; stage < 3; stage++) {
				first = begin;
				lb_fake_power_on(&power);
				put_world_back(NULL);
				power.fault_at = at;
				power.fault_cuts = true;
				power.fate = (struct lb_fake_fate){LB_FAKE_TORN_HEAD, stage};
				boot();
				if (!power.off)
					continue;
				lb_fake_power_on(&power);
				first = fake.disk;
				cuts += lb_fake_power_cuts(&power, &cut_scenario);
			}
		first = begin;
	}
	print_message("power cuts in the boot after a power cut: %" PRIu64 "\n", cuts);
	assert_true(cuts > 5000);
}

static void set_random_fault(uint64_t *random)
{
	lb_fake_power_on(&power);
	fake.failure_is_stored = lb_fake_random(random) & 1;
	power.fault_at = lb_fake_random(random) % 12;
	power.fault_cuts = lb_fake_random(random) & 1;
	power.fate.policy = (enum lb_fake_policy)(lb_fake_random(random) % (LB_FAKE_SCRAMBLED + 1));
	power.fate.arg = lb_fake_random(random) % 8;
}

/* Years of a router on a bad power line: the owner saves, and now and then asks for a reset. */
static void live(uint64_t seed, unsigned *erasings)
{
	uint64_t random = seed;
	bool saved = false;

	fake.disk = (struct lb_fake_overlay_disk){.content = LB_CONTENT_BLANK};
	fake.erase_asked = false;
	for (unsigned year = 0; year < 12; year++) {
		set_random_fault(&random);
		boot();
		if (saved)
			assert_true(fake.disk.owners_data);
		if (power.off || !on_disk())
			continue;
		fake.disk.owners_data = saved = true;
		fake.erase_asked = false;
		if (lb_fake_random(&random) % 4 == 0) {
			fake.disk.content = LB_CONTENT_DEADCODE;
			fake.erase_asked = true;
			saved = false;
			++*erasings;
		}
	}
	lb_fake_power_on(&power);
	boot();
	assert_true(on_disk());
	assert_true(!saved || fake.disk.owners_data);
}

static void overlay__random_lives__owners_data_stays_and_the_disk_comes_up_at_last(void **state)
{
	unsigned erasings = 0;

	for (uint64_t seed = 0; seed < 20000; seed++)
		live(seed, &erasings);
	print_message("lives: 20000, erasings in them: %u\n", erasings);
	assert_true(erasings > 10000);
}

static void state__pending_unknown_or_ready__content_stays_and_only_the_mark_is_set(void **state)
{
	for (int s = LB_FS_STATE_UNKNOWN; s <= LB_FS_STATE_READY; s++) {
		first = (struct lb_fake_overlay_disk){.content = LB_CONTENT_EXT4,
						      .fs_state = (enum lb_fs_state)s,
						      .owners_data = true};
		put_world_back(NULL);
		boot();
		assert_true(on_disk());
		assert_true(fake.disk.owners_data);
		assert_int_equal(fake.formats + fake.checks, 0);
		assert_int_equal(report.fs_state,
				 s == LB_FS_STATE_UNKNOWN ? LB_FS_STATE_PENDING : s);
		assert_int_equal(fake.disk.fs_state, report.fs_state);
	}
}

static void full__overlay__comes_up_and_tells_how_full(void **state)
{
	first = (struct lb_fake_overlay_disk){
		.content = LB_CONTENT_F2FS, .full = true, .owners_data = true};
	put_world_back(NULL);
	boot();
	assert_true(on_disk());
	assert_int_equal(report.used_percent, 100);
	assert_int_equal(report.fs_state, LB_FS_STATE_UNKNOWN);
	assert_int_equal(fake.formats, 0);
}

static void damaged__repairable__is_checked_and_has_the_owners_data(void **state)
{
	static const enum lb_overlay_content contents[] = {LB_CONTENT_EXT4, LB_CONTENT_F2FS,
							   LB_CONTENT_UNKNOWN};

	for (unsigned i = 0; i < 3; i++) {
		first = (struct lb_fake_overlay_disk){
			.content = contents[i], .damage = LB_FAKE_REPAIRABLE, .owners_data = true};
		put_world_back(NULL);
		boot();
		assert_true(on_disk());
		assert_true(report.checked && !report.formatted);
		assert_int_equal(fake.checks, 1);
	}
}

static void damaged__hopeless__ram_with_the_reason_and_the_disk_is_left_alone(void **state)
{
	first = (struct lb_fake_overlay_disk){
		.content = LB_CONTENT_EXT4, .damage = LB_FAKE_HOPELESS, .owners_data = true};
	put_world_back(NULL);
	boot();
	assert_int_equal(rc, 0);
	assert_int_equal(fake.mounted, LB_FAKE_RAM);
	assert_int_equal(report.why, LB_WHY_MOUNT_FAILED);
	assert_true(fake.disk.owners_data);
	assert_int_equal(report.used_percent, 7);
}

static void device__not_there__ram_and_no_operation_on_it(void **state)
{
	fake.no_device = true; /* the fake aborts when it is touched */
	boot();
	assert_int_equal(rc, 0);
	assert_int_equal(report.why, LB_WHY_NO_DEVICE);
	assert_int_equal(fake.mounted, LB_FAKE_RAM);
}

static void overlayfs__not_in_the_kernel__error_and_the_root_as_it_was(void **state)
{
	fake.no_overlayfs = true;
	first = (struct lb_fake_overlay_disk){.content = LB_CONTENT_EXT4, .owners_data = true};
	put_world_back(NULL);
	boot();
	assert_int_equal(rc, LB_E(STATE));
	assert_false(fake.switched);
	assert_int_equal(report.why, LB_WHY_SWITCH_FAILED);
	assert_true(fake.disk.owners_data);
}

static void ram__cannot_be_had__error_with_the_first_reason(void **state)
{
	fake.no_tmpfs = true;
	first = (struct lb_fake_overlay_disk){.content = LB_CONTENT_EXT4,
					      .damage = LB_FAKE_HOPELESS};
	put_world_back(NULL);
	boot();
	assert_int_equal(rc, LB_E(STATE));
	assert_int_equal(report.why, LB_WHY_MOUNT_FAILED);
	assert_int_equal(report.used_percent, -1);
}

/* Or the next boot would erase what is saved in this one. */
static void record__cannot_be_told_that_the_formatting_is_over__disk_is_not_used(void **state)
{
	lb_fake_power_on(&power);
	power.fault_at = 6; /* mark, format, mount, two of the state, mark */
	boot();
	assert_true(power.fault_came);
	assert_int_equal(rc, 0);
	assert_int_equal(fake.mounted, LB_FAKE_RAM);
	assert_int_equal(report.why, LB_WHY_FORMAT_FAILED);
	lb_fake_power_on(&power);
	boot();
	assert_true(on_disk());
}

static void record__there_is_none__blank_disk_is_formatted_and_used(void **state)
{
	first.note = LB_FAKE_NO_RECORD;
	put_world_back(NULL);
	boot();
	assert_true(on_disk());
	assert_true(report.formatted);
	assert_int_equal(report.fs_state, LB_FS_STATE_PENDING);
}

static void used__cannot_be_told__is_reported_as_unknown(void **state)
{
	first = (struct lb_fake_overlay_disk){.content = LB_CONTENT_EXT4,
					      .fs_state = LB_FS_STATE_READY};
	put_world_back(NULL);
	lb_fake_power_on(&power);
	power.fault_at = 3; /* mount, state, used */
	boot();
	assert_true(power.fault_came && on_disk());
	assert_int_equal(report.used_percent, -1);
}

#define fresh(f) cmocka_unit_test_setup(f, start)

static enum lb_volume mtd = LB_VOLUME_MTD, ubi = LB_VOLUME_UBI;

#define on(place, f)                                   \
	{                                              \
#place ": " #f, f, start, NULL, &place \
	}

TESTS(fresh(overlay__power_cut_at_every_operation_from_every_disk__comes_up_with_the_owners_data),
      fresh(overlay__every_operation_fails_from_every_disk__owners_data_stays),
      fresh(overlay__second_boot_cut_as_well__comes_up_with_the_owners_data),
      on(mtd, overlay__power_cut_at_every_operation_from_every_disk__comes_up_with_the_owners_data),
      on(mtd, overlay__every_operation_fails_from_every_disk__owners_data_stays),
      on(mtd, overlay__second_boot_cut_as_well__comes_up_with_the_owners_data),
      on(ubi, overlay__power_cut_at_every_operation_from_every_disk__comes_up_with_the_owners_data),
      on(ubi, overlay__every_operation_fails_from_every_disk__owners_data_stays),
      on(ubi, overlay__second_boot_cut_as_well__comes_up_with_the_owners_data),
      fresh(overlay__random_lives__owners_data_stays_and_the_disk_comes_up_at_last),
      fresh(state__pending_unknown_or_ready__content_stays_and_only_the_mark_is_set),
      fresh(full__overlay__comes_up_and_tells_how_full),
      fresh(damaged__repairable__is_checked_and_has_the_owners_data),
      fresh(damaged__hopeless__ram_with_the_reason_and_the_disk_is_left_alone),
      fresh(device__not_there__ram_and_no_operation_on_it),
      fresh(overlayfs__not_in_the_kernel__error_and_the_root_as_it_was),
      fresh(ram__cannot_be_had__error_with_the_first_reason),
      fresh(record__cannot_be_told_that_the_formatting_is_over__disk_is_not_used),
      fresh(record__there_is_none__blank_disk_is_formatted_and_used),
      fresh(used__cannot_be_told__is_reported_as_unknown))
