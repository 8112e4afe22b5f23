/* A router whose flash is not ready boots on RAM and moves to the flash while it runs. The power is
 * cut, or an operation fails, at each step of the move and of the boots after it. What is allowed
 * in the end: a new overlay, or all settings; never half of them, and never those that were to be
 * erased. */
#include "tests/t.h"

#include <inttypes.h>

#include "plat/fake/live_switch.h"
#include "store/live_switch.h"
#include "store/overlay.h"
#include "tests/silent.h"

static struct lb_fake_power power;
static struct lb_fake_live fake;
static struct lb_fake_nor first;
static struct lb_live_report report;
static unsigned busy;
static int boot_rc, done_rc;

static void boot(void)
{
	const struct plat_overlay p = lb_fake_live_overlay(&fake);
	struct lb_overlay_report r;
	struct lb_overlay_sense s;

	lb_fake_live_reboot(&fake);
	s = lb_fake_live_sense(&fake);
	boot_rc = lb_overlay_bring_up(&p, &s, &r);
}

static bool may_move(void)
{
	const struct lb_overlay_sense s = lb_fake_live_sense(&fake);
	struct lb_overlay_plan plan;

	lb_overlay_begin(&plan, &s);
	return fake.on_ram && plan.why == LB_WHY_NOT_READY;
}

static void done(void)
{
	const struct plat_live_switch p = lb_fake_live_plat(&fake);

	done_rc = lb_live_switch_run(&p, &report);
}

/* Can a flash that is not ready look like this? */
static bool exists(const struct lb_fake_nor *n)
{
	bool asked = n->note == LB_FAKE_NOTE_FORMATTING || n->note == LB_FAKE_NOTE_RESET;

	return n->content == LB_CONTENT_BLANK || n->content == LB_CONTENT_DEADCODE || asked;
}

static bool next_flash(struct lb_fake_nor *n, unsigned *k)
{
	static const enum lb_overlay_content contents[] = {LB_CONTENT_BLANK, LB_CONTENT_DEADCODE,
							   LB_CONTENT_JFFS2, LB_CONTENT_UNKNOWN};
	static const enum lb_fake_note notes[] = {LB_FAKE_NOTE_NEW, LB_FAKE_NOTE_READY,
						  LB_FAKE_NOTE_FORMATTING, LB_FAKE_NO_RECORD,
						  LB_FAKE_NOTE_RESET};

	while (*k < 4 * 5) {
		*n = (struct lb_fake_nor){.content = contents[*k % 4], .note = notes[*k / 4]};
		++*k;
		if (n->content != LB_CONTENT_BLANK)
			n->upper = LB_FAKE_COPY_OLD;
		if (exists(n))
			return true;
	}
	return false;
}

/* The system has come up on RAM, and mount_root done is about to be called. */
static void put_world_back(void *ctx)
{
	lb_fake_live_reboot(&fake);
	fake.nor = first;
	fake.busy = busy;
	fake.on_ram = true;
	report = (struct lb_live_report){0};
	done_rc = LB_E(STATE);
}

static void done_once(void *ctx)
{
	done();
}

/* What the owner saves on flash is there at the next boot, whatever is forgotten meanwhile. */
static const char *check_life_goes_on(void)
{
	enum lb_fake_copy upper = fake.nor.upper;

	fake.nor.owners_data = true;
	boot();
	return fake.on_flash && fake.nor.owners_data && fake.nor.upper == upper
		       ? NULL
		       : "what was saved on the flash is gone";
}

/* Boots and moves until the system is on flash: without a fault that is the second boot. */
static const char *check_comes_to_flash(void)
{
	boot();
	if (boot_rc < 0)
		return "nothing comes up";
	if (fake.on_flash)
		return check_life_goes_on();
	if (!may_move())
		return first.note == LB_FAKE_NO_RECORD && fake.nor.content == LB_CONTENT_UNKNOWN
			       ? NULL /* docs/factory-reset.md: a board without record */
			       : "the system stays on RAM for ever";
	done();
	if (done_rc < 0 || !fake.on_flash)
		return "the second attempt does not come to the flash";
	return check_life_goes_on();
}

static const char *check_next_boot(void *ctx)
{
	bool committed = report.committed;
	const char *wrong;

	fake.no_room = false;
	wrong = check_comes_to_flash();
	if (wrong)
		return wrong;
	if (committed && fake.nor.upper != LB_FAKE_COPY_WHOLE)
		return "settings that were on the flash are gone";
	return NULL;
}

/* After an error: the system that lives with it, then the next boot. */
static const char *check_this_system(void *ctx)
{
	if ((done_rc == 0) != fake.on_flash)
		return "what is reported is not where the root is";
	if (done_rc == 0 && report.why != LB_LIVE_WHY_NOTHING)
		return "a reason is given for nothing";
	if (done_rc < 0 && lb_live_why_text(report.why)[0] == '\0')
		return "nobody is told why the system is still on RAM";
	if (done_rc < 0 && fake.mounted)
		return "the flash is still held";
	if (done_rc == 0 && fake.nor.upper != LB_FAKE_COPY_WHOLE)
		return "the root is on the flash, the settings are not";
	return check_next_boot(ctx);
}

static const struct lb_fake_scenario cut_scenario = {
	.setup = put_world_back, .run = done_once, .check = check_next_boot};
static const struct lb_fake_scenario fail_scenario = {
	.setup = put_world_back, .run = done_once, .check = check_this_system};

static struct lb_fake_nor after_cut;

static void put_cut_world_back(void *ctx)
{
	lb_fake_live_reboot(&fake);
	fake.nor = after_cut;
	report = (struct lb_live_report){0};
}

static void boot_and_done(void *ctx)
{
	boot();
	if (may_move())
		done();
}

static const struct lb_fake_scenario second_scenario = {
	.setup = put_cut_world_back, .run = boot_and_done, .check = check_next_boot};

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_live_init(&fake, &power);
	first = (struct lb_fake_nor){.content = LB_CONTENT_BLANK};
	busy = 0;
	silence_log();
	return 0;
}

static void move__power_cut_at_every_operation_from_every_flash__new_or_with_all_settings(
	void **state)
{
	uint64_t cuts = 0;
	unsigned flashes = 0;

	for (busy = 0; busy <= LB_LIVE_PASSES_MAX + 1; busy++)
		for (unsigned k = 0; next_flash(&first, &k); flashes++)
			cuts += lb_fake_power_cuts(&power, &cut_scenario);
	print_message("power cuts: %" PRIu64 " from %u flashes\n", cuts, flashes);
	assert_true(flashes >= 10 * 13 && cuts > 10 * flashes);
}

static void move__every_operation_fails_from_every_flash__on_ram_or_complete(void **state)
{
	uint64_t fails = 0;

	for (int stored = 0; stored < 2; stored++) {
		fake.failure_is_stored = stored;
		for (busy = 0; busy < 3; busy++)
			for (unsigned k = 0; next_flash(&first, &k);)
				fails += lb_fake_power_fails(&power, &fail_scenario);
	}
	print_message("operations that failed: %" PRIu64 "\n", fails);
	assert_true(fails > 500);
}

static void move__cut_and_the_boot_and_move_after_it_cut_as_well__new_or_with_all_settings(
	void **state)
{
	uint64_t cuts = 0;

	for (unsigned k = 0; next_flash(&first, &k);)
		for (uint64_t at = 1; at < 14; at++)
			for (uint64_t stage = 0; stage < 3; stage++) {
				lb_fake_power_on(&power);
				put_world_back(NULL);
				power.fault_at = at;
				power.fault_cuts = true;
				power.fate = (struct lb_fake_fate){LB_FAKE_TORN_HEAD, stage};
				done();
				if (!power.off)
					continue;
				lb_fake_power_on(&power);
				after_cut = fake.nor;
				cuts += lb_fake_power_cuts(&power, &second_scenario);
			}
	print_message("power cuts in the boot and move after a power cut: %" PRIu64 "\n", cuts);
	assert_true(cuts > 10000);
}

static void move__no_fault__on_flash_with_all_settings_and_nothing_pending(void **state)
{
	for (unsigned k = 0; next_flash(&first, &k);) {
		lb_fake_power_on(&power);
		put_world_back(NULL);
		done();
		assert_int_equal(done_rc, 0);
		assert_true(report.committed && report.complete && fake.on_flash);
		assert_int_equal(fake.nor.upper, LB_FAKE_COPY_WHOLE);
		assert_int_equal(fake.nor.staging, LB_FAKE_COPY_NONE);
		assert_int_equal(fake.nor.fs_state, LB_FS_STATE_PENDING);
	}
}

/* A log that is written all the time must not keep the system on RAM. */
static void move__something_changes_all_the_time__moves_after_some_passes(void **state)
{
	busy = 1000;
	lb_fake_power_on(&power);
	put_world_back(NULL);
	done();
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake.busy, 1000 - LB_LIVE_PASSES_MAX);
}

static void move__no_room_on_the_flash__stays_on_ram_and_says_so(void **state)
{
	lb_fake_power_on(&power);
	put_world_back(NULL);
	fake.no_room = true;
	done();
	assert_int_equal(done_rc, LB_E(STATE));
	assert_int_equal(report.why, LB_LIVE_WHY_NO_ROOM);
	assert_false(fake.on_flash || fake.mounted || report.committed);
	assert_null(check_next_boot(NULL));
}

/* Something was deleted, and mount_root done is called once more: also where no record remembers.
 */
static void move__room_was_made__the_next_attempt_comes_to_the_flash(void **state)
{
	for (unsigned k = 0; next_flash(&first, &k);) {
		lb_fake_power_on(&power);
		put_world_back(NULL);
		fake.no_room = true;
		done();
		assert_int_equal(done_rc, LB_E(STATE));
		fake.no_room = false;
		assert_true(may_move());
		done();
		assert_true(done_rc == 0 && fake.on_flash);
	}
}

/* Asked for at any moment before the root has moved: nothing of RAM reaches the flash. */
static void move__reset_asked_for_meanwhile__gives_way(void **state)
{
	fake.reset_asked = true;
	lb_fake_power_on(&power);
	put_world_back(NULL);
	fake.reset_asked = true;
	done();
	assert_int_equal(done_rc, LB_E(STATE));
	assert_int_equal(report.why, LB_LIVE_WHY_RESET);
	assert_int_equal(fake.nor.upper, LB_FAKE_COPY_NONE);
	assert_int_equal(fake.nor.staging, LB_FAKE_COPY_NONE);
}

/* The state is kept in the record and on the flash: the loss of either, or of both, wipes nothing.
 */
static void ready__record_or_link_or_both_lost__settings_stay(void **state)
{
	static const enum lb_fake_note notes[] = {LB_FAKE_NOTE_READY, LB_FAKE_NOTE_NEW,
						  LB_FAKE_NO_RECORD};

	for (unsigned n = 0; n < 3; n++)
		for (int s = LB_FS_STATE_UNKNOWN; s <= LB_FS_STATE_READY; s++) {
			lb_fake_power_on(&power);
			lb_fake_live_reboot(&fake);
			fake.nor = (struct lb_fake_nor){.content = LB_CONTENT_JFFS2,
							.note = notes[n],
							.fs_state = (enum lb_fs_state)s,
							.upper = LB_FAKE_COPY_WHOLE,
							.owners_data = true};
			boot();
			assert_true(fake.on_flash && fake.nor.owners_data);
			assert_int_equal(fake.nor.upper, LB_FAKE_COPY_WHOLE);
		}
}

#define fresh(f) cmocka_unit_test_setup(f, start)

TESTS(fresh(move__no_fault__on_flash_with_all_settings_and_nothing_pending),
      fresh(move__power_cut_at_every_operation_from_every_flash__new_or_with_all_settings),
      fresh(move__every_operation_fails_from_every_flash__on_ram_or_complete),
      fresh(move__cut_and_the_boot_and_move_after_it_cut_as_well__new_or_with_all_settings),
      fresh(move__something_changes_all_the_time__moves_after_some_passes),
      fresh(move__no_room_on_the_flash__stays_on_ram_and_says_so),
      fresh(move__room_was_made__the_next_attempt_comes_to_the_flash),
      fresh(move__reset_asked_for_meanwhile__gives_way),
      fresh(ready__record_or_link_or_both_lost__settings_stay))
