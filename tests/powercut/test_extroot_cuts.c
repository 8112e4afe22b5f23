/* A factory reset of a router whose overlay is on a stick, with the power cut or an error at each
 * operation, and in the boots after it: both are reset, or neither is. */
#include "tests/t.h"

#include <inttypes.h>

#include "plat/fake/extroot.h"
#include "store/extroot.h"
#include "store/overlay.h"
#include "store/reset.h"
#include "tests/silent.h"

static struct lb_fake_power power;
static struct lb_fake_overlay fake;
static struct lb_fake_stick stick;
static struct lb_overlay_report report;
static enum lb_fake_note note;
static bool no_stick_writes;

static int attach(void *ctx)
{
	const struct plat_extroot p = lb_fake_stick_plat(&stick);
	int rc;

	if (fake.mounted != LB_FAKE_DISK || !fake.disk.owners_data)
		return LB_ATTACHED_NOTHING; /* no fstab */
	rc = lb_extroot_settle(&p);
	if (rc == LB_EXTROOT_RESET)
		return LB_ATTACHED_RESET;
	if (rc == LB_EXTROOT_NOTHING_ASKED) {
		fake.disk.knows_stick = true;
		stick.attached = true;
		return LB_ATTACHED_STICK;
	}
	return rc;
}

static int detach(void *ctx)
{
	stick.attached = false;
	return 0;
}

static void boot(void)
{
	struct plat_overlay p = lb_fake_overlay_plat(&fake);
	struct lb_overlay_sense s;
	int rc;

	p.attach = attach;
	p.detach = detach;
	lb_fake_overlay_reboot(&fake);
	stick.attached = false;
	s = lb_fake_overlay_sense(&fake);
	s.extroot = true;
	rc = lb_overlay_bring_up(&p, &s, &report);
	assert_true(rc == 0 || power.off || power.fault_at);
}

static void put_world_back(void *ctx)
{
	fake.disk = (struct lb_fake_overlay_disk){.content = LB_CONTENT_EXT4,
						  .fs_state = LB_FS_STATE_READY,
						  .owners_data = true,
						  .knows_stick = true,
						  .note = note};
	fake.erase_asked = true;
	fake.mounted = LB_FAKE_DISK;
	stick.disk = (struct lb_fake_stick_disk){.state = LB_FS_STATE_READY, .owners_data = true};
	stick.attached = true;
	stick.read_only = no_stick_writes;
}

static int reset(void)
{
	const struct lb_reset_sense sense = {.mounted = true, .writable = true, .extroot = true};
	const struct plat_extroot p = lb_fake_stick_plat(&stick);
	const struct plat_reset r = lb_fake_reset_plat(&fake);
	struct lb_reset_report out;
	uint64_t entries;
	int cleared = lb_extroot_reset_begin(&p, &entries);
	int rc = lb_reset_run(&r, &sense, &out);

	if (out.committed && cleared == 0)
		lb_extroot_reset_end(&p);
	return cleared < 0 ? cleared : rc;
}

static void run(void *ctx)
{
	int rc = reset();

	assert_true(rc == 0 || power.off || power.fault_at || no_stick_writes);
}

static const char *check_both_or_neither(void)
{
	bool internal = fake.disk.owners_data, outside = stick.disk.owners_data;

	if (fake.mounted != LB_FAKE_DISK)
		return "the internal overlay does not come up";
	if (internal && (fake.disk.in_part || !outside || stick.disk.in_part))
		return "the reset was begun and is not finished";
	if (internal && !stick.attached)
		return "neither is reset, but the stick is not in use";
	if (!internal && outside)
		return "the stick still holds the owner's data";
	return NULL;
}

/* The owner begins anew, with the same stick: nothing asks for a reset any more. */
static const char *check_new_life(void)
{
	fake.disk.owners_data = true;
	fake.erase_asked = false;
	for (int boots = 0; boots < 3; boots++) {
		boot();
		stick.disk.owners_data = true;
		if (!stick.attached || !fake.disk.owners_data)
			return "the stick of the new owner is not used";
	}
	return stick.disk.in_part ? "the new owner's data was deleted in part" : NULL;
}

static const char *check(void *ctx)
{
	const char *wrong;

	boot();
	wrong = check_both_or_neither();
	return wrong || fake.disk.owners_data ? wrong : check_new_life();
}

static const struct lb_fake_scenario scenario = {
	.setup = put_world_back, .run = run, .check = check};

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_overlay_init(&fake, &power);
	lb_fake_stick_init(&stick, &power, &fake);
	note = LB_FAKE_NOTE_READY;
	no_stick_writes = false;
	silence_log();
	return 0;
}

static void reset__cut_at_every_operation__both_are_reset_or_neither(void **state)
{
	static const enum lb_fake_note notes[] = {LB_FAKE_NOTE_READY, LB_FAKE_NO_RECORD};
	uint64_t cuts = 0;

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		note = notes[i];
		cuts += lb_fake_power_cuts(&power, &scenario);
	}
	print_message("power cuts: %" PRIu64 "\n", cuts);
	assert_true(cuts > 100);
}

static struct lb_fake_overlay_disk left;
static struct lb_fake_stick_disk left_stick;

static void put_left_back(void *ctx)
{
	put_world_back(NULL);
	fake.disk = left;
	stick.disk = left_stick;
	lb_fake_overlay_reboot(&fake);
}

static void run_boot(void *ctx)
{
	boot();
}

static const struct lb_fake_scenario boot_scenario = {
	.setup = put_left_back, .run = run_boot, .check = check};

static void reset__cut_and_the_boot_after_it_cut_too__both_are_reset_or_neither(void **state)
{
	uint64_t cuts = 0;

	for (uint64_t at = 1; at < 20; at++)
		for (int policy = LB_FAKE_KEPT; policy <= LB_FAKE_SCRAMBLED; policy++)
			for (uint64_t arg = 0; arg < 4; arg++) {
				lb_fake_power_on(&power);
				put_world_back(NULL);
				power.fault_at = at;
				power.fault_cuts = true;
				power.fate =
					(struct lb_fake_fate){(enum lb_fake_policy)policy, arg};
				(void)!reset();
				if (!power.off)
					continue;
				lb_fake_power_on(&power);
				left = fake.disk;
				left_stick = stick.disk;
				cuts += lb_fake_power_cuts(&power, &boot_scenario);
			}
	print_message("power cuts in the boot after a power cut: %" PRIu64 "\n", cuts);
	assert_true(cuts > 1000);
}

static void reset__not_cut__both_are_reset_and_the_stick_asks_for_nothing(void **state)
{
	lb_fake_power_on(&power);
	put_world_back(NULL);
	assert_int_equal(reset(), 0);
	assert_false(stick.disk.owners_data);
	assert_int_equal(stick.disk.state, LB_FS_STATE_UNKNOWN);
	assert_null(check(NULL));
	assert_true(fake.disk.owners_data); /* of the new owner */
}

static void reset__stick_cannot_be_written__internal_is_reset_and_it_is_said(void **state)
{
	no_stick_writes = true;
	lb_fake_power_on(&power);
	put_world_back(NULL);
	assert_int_equal(reset(), LB_E(IO));
	boot();
	assert_true(stick.disk.owners_data && !stick.disk.in_part);
	assert_false(fake.disk.owners_data || stick.attached);
}

static void settle__request_of_an_earlier_life__clears_the_stick_and_keeps_the_internal(
	void **state)
{
	lb_fake_power_on(&power);
	put_world_back(NULL);
	stick.disk.state = LB_FS_STATE_RESET_ALL;
	fake.disk.knows_stick = false;
	boot();
	assert_true(fake.disk.owners_data && stick.attached);
	assert_false(stick.disk.owners_data);
	assert_int_equal(stick.disk.state, LB_FS_STATE_UNKNOWN);
	assert_false(report.reset_finished);
}

static void settle__request_of_a_reset_that_was_cut__both_and_the_boot_says_so(void **state)
{
	lb_fake_power_on(&power);
	put_world_back(NULL);
	stick.disk.state = LB_FS_STATE_RESET_ALL;
	boot();
	assert_false(fake.disk.owners_data || stick.disk.owners_data || stick.attached);
	assert_true(report.reset_finished && !report.extroot);
	assert_int_equal(fake.disk.fs_state, LB_FS_STATE_PENDING);
}

#define fresh(f) cmocka_unit_test_setup(f, start)

TESTS(fresh(reset__cut_at_every_operation__both_are_reset_or_neither),
      fresh(reset__cut_and_the_boot_after_it_cut_too__both_are_reset_or_neither),
      fresh(reset__not_cut__both_are_reset_and_the_stick_asks_for_nothing),
      fresh(reset__stick_cannot_be_written__internal_is_reset_and_it_is_said),
      fresh(settle__request_of_an_earlier_life__clears_the_stick_and_keeps_the_internal),
      fresh(settle__request_of_a_reset_that_was_cut__both_and_the_boot_says_so))
