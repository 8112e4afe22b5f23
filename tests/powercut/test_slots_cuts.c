/* The power is cut at every operation of an update into the other slot, of the boots that try it,
 * and of the toggle: a boot always enters a slot, what it enters is whole, and a system that works
 * is reached within the tries. */
#include "tests/t.h"

#include <stdio.h>
#include <stdlib.h>

#include "plan/record.h"
#include "plat/fake/block.h"
#include "store/recovery.h"
#include "store/slots.h"

enum {
	A,
	B
};
enum {
	OLD = 1,
	NEW = 2
};

#define KERNEL	   4 /* the first of two sectors of the kernel: its head, and a body */
#define SECTORS	   6 /* of a system: the head of its root, a body, its kernel */
#define SLOT_BYTES (SECTORS * LB_FAKE_SECTOR_BYTES)

static const struct lb_slots_rules rules = {.tries = 2, .toggle = 3};

static struct world {
	struct lb_fake_power power;
	struct lb_fake_block record, slot[2];
	bool new_works; /* the system of the update comes up */
	int entered;	/* what the last boot found in the slot that it entered: OLD, NEW */
	int active;	/* the slot that it entered */
} w;

static struct lb_record record; /* as in the recovery record's own readers: large */

static int load(void *ctx, struct lb_slots_state *out)
{
	const struct plat_block dev = lb_fake_block_plat(&w.record);
	int rc = lb_recovery_load(&record, &dev);

	if (rc == LB_E(NOENT))
		record = (struct lb_record){0};
	if (rc < 0 && rc != LB_E(NOENT))
		return rc;
	*out = record.slots;
	return 0;
}

static int change(void *ctx, void (*edit)(struct lb_slots_state *s, void *arg), void *arg)
{
	const struct plat_block dev = lb_fake_block_plat(&w.record);
	struct lb_slots_state s;
	int rc = load(ctx, &s);

	if (rc < 0)
		return rc;
	edit(&record.slots, arg);
	return lb_recovery_save(&record, &dev);
}

static const struct plat_slots store = {.load = load, .change = change};

static void put_sector(uint8_t *sector, int system, uint8_t number)
{
	memset(sector, system, LB_FAKE_SECTOR_BYTES);
	sector[0] = number;
}

static void deliver(int slot, int system)
{
	for (uint8_t i = 0; i < SECTORS; i++) {
		uint8_t sector[LB_FAKE_SECTOR_BYTES];

		put_sector(sector, system, i);
		lb_fake_block_poke(&w.slot[slot], i * sizeof(sector), sector, sizeof(sector));
	}
}

/* A system without its head cannot be mounted; one with a head and a foreign body can, and that is
 * the accident that must not happen. */
static int enter(void *ctx, int slot)
{
	const struct plat_block dev = lb_fake_block_plat(&w.slot[slot]);
	uint8_t bytes[SLOT_BYTES];

	if (dev.read(dev.ctx, 0, bytes, sizeof(bytes)) < 0)
		return LB_E(IO);
	if (bytes[1] != OLD && bytes[1] != NEW)
		return LB_E(NOENT);
	for (size_t i = 0; i < SECTORS; i++)
		if (bytes[i * LB_FAKE_SECTOR_BYTES] != i ||
		    bytes[i * LB_FAKE_SECTOR_BYTES + 1] != bytes[1])
			lb_fake_die("slot %d was entered with half an image in it", slot);
	w.entered = bytes[1];
	w.active = slot;
	return 0;
}

static void prove(struct lb_slots_state *s, void *arg)
{
	lb_slots_settle(s);
	(void)!lb_slots_mark_good_in(s, w.active);
}

/* One boot: true, and the system lived. */
static bool boot(void)
{
	struct lb_slots_entry e;

	lb_slots_begin(&store, &rules, &e);
	if (lb_slots_enter(&store, &rules, enter, NULL, &e) < 0)
		return false;
	if (w.entered == NEW && !w.new_works)
		return true; /* a panic, a hang: it never gets to store anything */
	return change(NULL, prove, NULL) == 0;
}

static void begin_write(struct lb_slots_state *s, void *arg)
{
	*(int *)arg = lb_slots_begin_write_in(s, B);
}

static void begin_try(struct lb_slots_state *s, void *arg)
{
	lb_slots_begin_try_in(s, B, rules.tries);
}

static int write_sector(uint8_t number, bool durably)
{
	const struct plat_block dev = lb_fake_block_plat(&w.slot[B]);
	uint8_t sector[LB_FAKE_SECTOR_BYTES];
	int rc;

	put_sector(sector, NEW, number);
	rc = dev.write(dev.ctx, number * sizeof(sector), sector, sizeof(sector));
	return rc < 0 || !durably ? rc : dev.flush(dev.ctx);
}

/* The heads last, that of the root behind that of the kernel, as src/install/install.c does it. */
static int write_system(void)
{
	const struct plat_block dev = lb_fake_block_plat(&w.slot[B]);
	uint8_t none[LB_FAKE_SECTOR_BYTES] = {0};
	int rc = dev.write(dev.ctx, 0, none, sizeof(none));

	if (rc == 0)
		rc = dev.flush(dev.ctx);
	for (uint8_t i = 1; i < KERNEL && rc == 0; i++)
		rc = write_sector(i, i == KERNEL - 1);
	if (rc == 0)
		rc = dev.write(dev.ctx, KERNEL * sizeof(none), none, sizeof(none));
	if (rc == 0)
		rc = dev.flush(dev.ctx);
	for (uint8_t i = SECTORS - 1; i >= KERNEL && rc == 0; i--)
		rc = write_sector(i, true);
	return rc == 0 ? write_sector(0, true) : rc;
}

static void update(void)
{
	int rc = 0;

	if (change(NULL, begin_write, &rc) < 0 || rc < 0)
		return;
	if (write_system() == 0)
		(void)!change(NULL, begin_try, NULL);
}

/* Update, then the boots that try it until it is settled which system stays. */
static void run(void *ctx)
{
	if (!boot())
		return;
	update();
	for (unsigned i = 0; i < rules.tries + 2; i++)
		(void)boot();
}

static void setup(void *ctx)
{
	lb_fake_block_release(&w.record);
	for (int i = 0; i < 2; i++)
		lb_fake_block_release(&w.slot[i]);
	w.power = (struct lb_fake_power){0};
	lb_fake_block_init(&w.record, &w.power, 2 * LB_RECORD_BYTES);
	for (int i = 0; i < 2; i++) {
		lb_fake_block_init(&w.slot[i], &w.power, SLOT_BYTES);
		deliver(i, OLD);
	}
	lb_fake_power_on(&w.power);
}

/* Whoever switches it on again, and again: it comes up, and stays with one system. */
static const char *check(void *ctx)
{
	int lived = 0;

	for (unsigned i = 0; i < rules.tries + 3; i++) {
		w.entered = 0;
		if (!boot() || !w.entered)
			return "a boot entered no slot";
		if (w.entered == OLD || w.new_works)
			lived++;
		else if (lived)
			return "the system that never comes up was booted again after the good one";
		else if (i >= rules.tries)
			return "the system that never comes up was tried too often";
	}
	return lived ? NULL : "no system that lives was reached";
}

static const struct lb_fake_scenario scenario = {.setup = setup, .run = run, .check = check};

static void update__power_cut_at_every_operation__old_or_new_system_and_never_none(void **state)
{
	for (int works = 0; works < 2; works++) {
		uint64_t cuts;

		w.new_works = works;
		cuts = lb_fake_power_cuts(&w.power, &scenario);
		print_message("update to a system that %s: %llu cuts\n",
			      works ? "works" : "never comes up", (unsigned long long)cuts);
		assert_true(cuts > 100);
	}
}

static void update__each_operation_fails_once__the_device_comes_up(void **state)
{
	for (int works = 0; works < 2; works++) {
		w.new_works = works;
		assert_true(lb_fake_power_fails(&w.power, &scenario) > 10);
	}
}

/* Nothing is settled: a toggle at every fourth boot, forth and back. */
static void run_toggle(void *ctx)
{
	struct lb_slots_entry e;

	for (unsigned i = 0; i < 2 * rules.toggle + 3; i++) {
		lb_slots_begin(&store, &rules, &e);
		(void)!lb_slots_enter(&store, &rules, enter, NULL, &e);
	}
}

static const char *check_toggle(void *ctx)
{
	int last = -1, changes = 0;

	for (unsigned i = 0; i < 2 * rules.toggle + 2; i++) {
		struct lb_slots_entry e;

		lb_slots_begin(&store, &rules, &e);
		if (lb_slots_enter(&store, &rules, enter, NULL, &e) < 0)
			return "a boot entered no slot";
		changes += last >= 0 && w.active != last;
		last = w.active;
	}
	return changes >= 2 && changes <= 3 ? NULL : "the toggle lost its count";
}

static void toggle__power_cut_at_every_operation__goes_on_counting(void **state)
{
	static const struct lb_fake_scenario toggle = {
		.setup = setup, .run = run_toggle, .check = check_toggle};
	uint64_t cuts = lb_fake_power_cuts(&w.power, &toggle);

	print_message("toggle: %llu cuts\n", (unsigned long long)cuts);
	assert_true(cuts > 100);
}

static int show(void *ctx, struct lb_slots_state *out)
{
	*out = *(struct lb_slots_state *)ctx;
	return 0;
}

static int hold(void *ctx, void (*edit)(struct lb_slots_state *s, void *arg), void *arg)
{
	edit(ctx, arg);
	return 0;
}

static void begin__loader_that_says_why__is_believed_and_what_it_left_is_known(void **unused)
{
	struct lb_slots_state s = {.active = B};
	struct plat_slots loader = {.ctx = &s,
				    .load = show,
				    .change = hold,
				    .loader_chooses = true,
				    .chosen = B,
				    .reason = LB_SLOT_REASON_TOGGLE};
	struct lb_slots_entry e;

	lb_slots_begin(&loader, &rules, &e);
	assert_int_equal(e.choice.slot, B);
	assert_int_equal(e.choice.left, A);
	assert_int_equal(e.choice.reason, LB_SLOT_REASON_TOGGLE);
	assert_int_equal(s.reason, LB_SLOT_REASON_TOGGLE);
	loader.reason = LB_SLOT_REASON_NONE;
	lb_slots_begin(&loader, &rules, &e);
	assert_int_equal(e.choice.left, -1);
	assert_int_equal(e.choice.reason, LB_SLOT_REASON_ACTIVE);
	loader.reason = LB_SLOT_REASON_TRIES; /* of a slot that is not one of the board's */
	loader.chosen = -1;
	lb_slots_begin(&loader, &rules, &e);
	assert_int_equal(e.choice.left, -1);
}

TESTS(unit(begin__loader_that_says_why__is_believed_and_what_it_left_is_known),
      unit(update__power_cut_at_every_operation__old_or_new_system_and_never_none),
      unit(update__each_operation_fails_once__the_device_comes_up),
      unit(toggle__power_cut_at_every_operation__goes_on_counting))
