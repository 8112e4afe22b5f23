/* Which slot a boot enters: a table of every situation, lives of slots as traces, and rules that
 * hold for each state that can be stored. */
#include "tests/t.h"

#include "plan/slots.h"

enum {
	A,
	B,
	NONE = -1
};

static const struct lb_slots_rules rules = {.tries = 3, .toggle = 3};

/* "G" good, "N" new, "T2" two tries left, "B" bad by hand, "U" unusable, "W" being written. */
static void put(struct lb_slots_state *s, int slot, const char *text)
{
	static const uint8_t states[] = {
		['N'] = LB_SLOT_NEW, ['G'] = LB_SLOT_GOOD, ['T'] = LB_SLOT_TRYING,
		['B'] = LB_SLOT_BAD, ['U'] = LB_SLOT_BAD,  ['W'] = LB_SLOT_WRITING};

	s->slot[slot].state = states[(unsigned char)text[0]];
	s->slot[slot].tries = text[1] ? (uint8_t)(text[1] - '0') : 0;
	s->slot[slot].why = text[0] == 'U'   ? LB_SLOT_WHY_UNUSABLE
			    : text[0] == 'B' ? LB_SLOT_WHY_OWNER
					     : LB_SLOT_WHY_NONE;
}

static struct lb_slots_state state(int active, const char *a, const char *b)
{
	struct lb_slots_state s = {.active = (uint8_t)active, .entered = (uint8_t)active};

	put(&s, A, a);
	put(&s, B, b);
	return s;
}

static void assert_slot(const struct lb_slots_state *s, int slot, const char *text)
{
	struct lb_slots_state wanted = {0};

	put(&wanted, slot, text);
	assert_int_equal(s->slot[slot].state, wanted.slot[slot].state);
	assert_int_equal(s->slot[slot].tries, wanted.slot[slot].tries);
}

static void choose__every_situation__the_slot_and_state_of_the_table(void **unused)
{
	static const struct {
		int active;
		const char *a, *b;
		unsigned unsettled, unusable;
		int slot;
		enum lb_slot_reason reason;
		const char *after_a, *after_b;
	} rows[] = {
		/* The active one, when it can be entered. */
		{A, "N", "N", 0, 0, A, LB_SLOT_REASON_ACTIVE, "N", "N"},
		{B, "G", "G", 0, 0, B, LB_SLOT_REASON_ACTIVE, "G", "G"},
		{A, "G", "W", 0, 0, A, LB_SLOT_REASON_ACTIVE, "G", "W"},
		{A, "G", "B", 0, 0, A, LB_SLOT_REASON_ACTIVE, "G", "B"},
		{B, "G", "T3", 0, 0, B, LB_SLOT_REASON_TRY, "G", "T2"},
		{B, "G", "T1", 0, 0, B, LB_SLOT_REASON_TRY, "G", "T0"},
		/* Back by itself. */
		{B, "G", "T0", 3, 0, A, LB_SLOT_REASON_TRIES, "G", "B"},
		{B, "N", "T0", 0, 0, A, LB_SLOT_REASON_TRIES, "N", "B"},
		{B, "T2", "T0", 0, 0, A, LB_SLOT_REASON_TRIES, "T1", "B"},
		{B, "G", "B", 0, 0, A, LB_SLOT_REASON_BAD, "G", "B"},
		{B, "G", "W", 0, 0, A, LB_SLOT_REASON_WRITING, "G", "W"},
		{B, "G", "T2", 0, 2, A, LB_SLOT_REASON_UNUSABLE, "G", "U2"},
		{A, "G", "G", 0, 1, B, LB_SLOT_REASON_UNUSABLE, "U", "G"},
		{A, "G", "T3", 0, 1, B, LB_SLOT_REASON_UNUSABLE, "U", "T2"},
		{A, "U", "G", 0, 0, B, LB_SLOT_REASON_UNUSABLE, "U", "G"},
		/* Neither. */
		{A, "B", "B", 0, 0, NONE, LB_SLOT_REASON_NO_SLOT, "B", "B"},
		{A, "B", "W", 0, 0, NONE, LB_SLOT_REASON_NO_SLOT, "B", "W"},
		{B, "W", "T0", 0, 0, NONE, LB_SLOT_REASON_NO_SLOT, "W", "B"},
		{A, "G", "G", 0, 3, NONE, LB_SLOT_REASON_NO_SLOT, "U", "U"},
		{A, "G", "W", 0, 1, NONE, LB_SLOT_REASON_NO_SLOT, "U", "W"},
		/* What only could not be read is looked at again before that. */
		{A, "U", "U", 0, 0, B, LB_SLOT_REASON_LAST, "U", "U"},
		{B, "U", "U", 0, 2, A, LB_SLOT_REASON_LAST, "U", "U"},
		{B, "U", "T0", 0, 0, A, LB_SLOT_REASON_LAST, "U", "B"},
		{B, "W", "U", 0, 0, B, LB_SLOT_REASON_LAST, "W", "U"},
		/* The power-cycle toggle. */
		{A, "G", "G", 2, 0, A, LB_SLOT_REASON_ACTIVE, "G", "G"},
		{A, "G", "G", 3, 0, B, LB_SLOT_REASON_TOGGLE, "G", "G"},
		{B, "N", "G", 3, 0, A, LB_SLOT_REASON_TOGGLE, "N", "G"},
		{A, "G", "T2", 3, 0, B, LB_SLOT_REASON_TOGGLE, "G", "T1"},
		{A, "G", "T0", 3, 0, A, LB_SLOT_REASON_ACTIVE, "G", "T0"},
		{A, "G", "B", 3, 0, A, LB_SLOT_REASON_ACTIVE, "G", "B"},
		{A, "G", "W", 3, 0, A, LB_SLOT_REASON_ACTIVE, "G", "W"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lb_slots_state s = state(rows[i].active, rows[i].a, rows[i].b);
		struct lb_slots_choice c;

		s.unsettled = (uint8_t)rows[i].unsettled;
		c = lb_slots_choose(&s, &rules, rows[i].unusable);
		if (c.slot != rows[i].slot || c.reason != rows[i].reason)
			fail_msg("row %zu: slot %d because of %s", i, c.slot,
				 lb_slot_reason_name(c.reason));
		assert_slot(&s, A, rows[i].after_a);
		assert_slot(&s, B, rows[i].after_b);
		assert_int_equal(s.reason, c.reason);
		assert_int_equal(c.left,
				 c.slot >= 0 && c.slot != rows[i].active ? rows[i].active : NONE);
		if (c.slot >= 0)
			assert_int_equal(s.active, c.slot);
	}
}

static void choose__any_state_that_can_be_stored__never_what_is_written_or_has_no_tries(
	void **unused)
{
	for (unsigned n = 0; n < 3u * 6 * 6 * 3 * 3 * 4 * 6; n++) {
		struct lb_slots_state s = {0}, before;
		unsigned rest = n, unusable;
		struct lb_slots_choice c;

		s.active = (uint8_t)(rest % 3), rest /= 3; /* 2: damaged, or of a later version */
		for (int i = 0; i < 2; i++) {
			s.slot[i].state = (uint8_t)(rest % 6), rest /= 6;
			s.slot[i].tries = (uint8_t)(rest % 3), rest /= 3;
		}
		unusable = rest % 4, rest /= 4;
		s.unsettled = (uint8_t)(rest % 6);
		before = s;
		c = lb_slots_choose(&s, &rules, unusable);
		if (c.slot < 0) {
			for (int i = 0; i < 2; i++)
				assert_true(unusable >> i & 1 || !lb_slots_is_bootable(&before, i));
			continue;
		}
		assert_false(unusable >> c.slot & 1);
		assert_true(lb_slots_is_bootable(&before, c.slot));
		if (before.slot[c.slot].state == LB_SLOT_TRYING)
			assert_int_equal(s.slot[c.slot].tries, before.slot[c.slot].tries - 1);
		if (unusable == 0) /* else the first question of this boot has seen to it */
			assert_in_range(s.unsettled, 0, rules.toggle);
	}
}

/* Boot after boot, none of which lasts: where does the device end? */
static void trace__an_update_that_never_comes_up__three_tries_then_the_old_slot_for_good(
	void **unused)
{
	struct lb_slots_state s = state(A, "G", "N");

	assert_int_equal(lb_slots_begin_write_in(&s, B), 0);
	assert_int_equal(lb_slots_choose(&s, &rules, 0).slot, A); /* cut while it is written */
	lb_slots_settle(&s);
	lb_slots_begin_try_in(&s, B, rules.tries);
	for (int i = 0; i < 3; i++)
		assert_int_equal(lb_slots_choose(&s, &rules, 0).slot, B);
	for (int i = 0; i < 10; i++)
		assert_int_equal(lb_slots_choose(&s, &rules, 0).slot, A);
	assert_slot(&s, B, "B");
	assert_int_equal(s.slot[B].why, LB_SLOT_WHY_TRIES);
}

static void trace__a_system_that_comes_up_without_health__its_slot_says_so(void **unused)
{
	struct lb_slots_state s = state(A, "G", "G");

	lb_slots_begin_try_in(&s, B, 1);
	assert_int_equal(lb_slots_choose(&s, &rules, 0).slot, B);
	s.slot[B].why = LB_SLOT_WHY_HEALTH;
	assert_int_equal(lb_slots_choose(&s, &rules, 0).reason, LB_SLOT_REASON_TRIES);
	assert_int_equal(s.slot[B].why, LB_SLOT_WHY_HEALTH);
}

static void trace__power_on_for_two_seconds_three_times__the_fourth_boot_toggles_and_so_on(
	void **unused)
{
	static const int expected[] = {A, A, A, B, B, B, A, A, A, B};
	struct lb_slots_state s = state(A, "N", "N");

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct lb_slots_choice c = lb_slots_choose(&s, &rules, 0);

		assert_int_equal(c.slot, expected[i]);
		assert_int_equal(c.reason == LB_SLOT_REASON_TOGGLE,
				 i > 0 && expected[i] != expected[i - 1]);
	}
	lb_slots_settle(&s);
	for (int i = 0; i < 3; i++)
		assert_int_equal(lb_slots_choose(&s, &rules, 0).slot, B);
}

static void trace__a_boot_that_lasts_or_waits_for_a_person__the_count_starts_anew(void **unused)
{
	for (int wait = 0; wait < 2; wait++) {
		struct lb_slots_state s = state(A, "G", "G");

		for (int i = 0; i < 20; i++) {
			assert_int_equal(lb_slots_choose(&s, &rules, 0).slot, A);
			if (i % 3 == 2 && wait)
				lb_slots_wait(&s);
			else if (i % 3 == 2)
				lb_slots_settle(&s);
		}
	}
}

static void trace__toggle_off__no_count_is_kept_and_a_good_slot_stays(void **unused)
{
	const struct lb_slots_rules never = {.tries = 3};
	struct lb_slots_state s = state(A, "G", "G"), before;

	(void)lb_slots_choose(&s, &never, 0);
	before = s;
	for (int i = 0; i < 300; i++)
		assert_int_equal(lb_slots_choose(&s, &never, 0).slot, A);
	assert_memory_equal(&s, &before, sizeof(s)); /* nothing to be written */
}

static void trace__toggle_refused__told_and_not_again_at_the_next_boot(void **unused)
{
	struct lb_slots_state s = state(A, "G", "B");

	s.unsettled = 3;
	assert_true(lb_slots_choose(&s, &rules, 0).toggle_refused);
	assert_false(lb_slots_choose(&s, &rules, 0).toggle_refused);
}

static void wait__failsafe_in_a_slot_that_is_tried__the_try_comes_back_until_it_goes_on(
	void **unused)
{
	struct lb_slots_state s = state(B, "G", "T3");

	for (int i = 0; i < 5; i++) {
		assert_int_equal(lb_slots_choose(&s, &rules, 0).slot, B);
		assert_slot(&s, B, "T2");
		lb_slots_wait(&s);
		assert_slot(&s, B, "T3");
	}
	(void)lb_slots_choose(&s, &rules, 0);
	lb_slots_wait(&s);
	lb_slots_go_on(&s);
	assert_slot(&s, B, "T2");
}

static void uncounted__nothing_can_be_stored__what_is_tried_is_left_alone(void **unused)
{
	struct lb_slots_state s = state(B, "G", "T3");
	struct lb_slots_choice c = lb_slots_choose_uncounted(&s, &rules, 0);

	assert_int_equal(c.slot, A);
	assert_int_equal(c.reason, LB_SLOT_REASON_NO_COUNT);
	s = state(B, "W", "T3");
	assert_int_equal(lb_slots_choose_uncounted(&s, &rules, 0).slot, B);
	s = state(B, "G", "T3");
	assert_int_equal(lb_slots_choose_uncounted(&s, &rules, 1).slot, B);
	s = state(B, "G", "G");
	assert_int_equal(lb_slots_choose_uncounted(&s, &rules, 0).slot, B);
}

static void activate__each_state__only_what_can_be_booted_unless_forced(void **unused)
{
	static const struct {
		const char *b;
		int running, rc, forced;
		const char *after;
	} rows[] = {
		{"G", A, 0, 0, "T3"},		{"N", A, 0, 0, "T3"},
		{"T1", A, 0, 0, "T3"},		{"G", B, 0, 0, "G"},
		{"T1", B, 0, 0, "T1"},		{"B", A, LB_E(STATE), 0, "T3"},
		{"U", A, LB_E(STATE), 0, "T3"}, {"W", A, LB_E(BUSY), LB_E(BUSY), "W"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lb_slots_state s = state(A, "G", rows[i].b), before = s;
		int rc = lb_slots_activate_in(&s, B, rows[i].running, 3, false);

		assert_int_equal(rc, rows[i].rc);
		if (rc < 0) {
			assert_memory_equal(&s, &before, sizeof(s));
			rc = lb_slots_activate_in(&s, B, rows[i].running, 3, true);
			assert_int_equal(rc, rows[i].forced);
		}
		assert_slot(&s, B, rows[i].after);
		assert_int_equal(s.active, rc == 0 ? B : A);
	}
}

static void marks__each_state__good_bad_and_their_refusals(void **unused)
{
	struct lb_slots_state s = state(B, "G", "T2");

	assert_int_equal(lb_slots_mark_good_in(&s, B), 0);
	assert_slot(&s, B, "G");
	assert_int_equal(lb_slots_mark_bad_in(&s, B, LB_SLOT_WHY_OWNER, false), 0);
	assert_slot(&s, B, "B");
	assert_int_equal(s.active, A);
	assert_int_equal(lb_slots_mark_bad_in(&s, A, LB_SLOT_WHY_OWNER, false), LB_E(STATE));
	assert_slot(&s, A, "G");
	assert_int_equal(lb_slots_mark_bad_in(&s, A, LB_SLOT_WHY_OWNER, true), 0);
	assert_int_equal(lb_slots_choose(&s, &rules, 0).slot, NONE);
	s = state(A, "G", "W");
	assert_int_equal(lb_slots_mark_good_in(&s, B), LB_E(STATE));
	assert_slot(&s, B, "W");
	assert_int_equal(lb_slots_mark_bad_in(&s, B, LB_SLOT_WHY_OWNER, false), 0);
	assert_slot(&s, B, "W"); /* or the next --force would boot half an image */
}

static void begin_write__the_other_one_not_known_to_be_good__refused(void **unused)
{
	static const char *const refused[] = {"T3", "T0", "B", "U", "W"};
	struct lb_slots_state s = state(A, "N", "G");

	assert_int_equal(lb_slots_begin_write_in(&s, B), 0);
	assert_slot(&s, B, "W");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct lb_slots_state before;

		s = before = state(A, refused[i], "G");
		assert_int_equal(lb_slots_begin_write_in(&s, B), LB_E(STATE));
		assert_memory_equal(&s, &before, sizeof(s));
	}
	s = state(B, "G", "T3"); /* chosen for the next boot, and now written anew */
	assert_int_equal(lb_slots_begin_write_in(&s, B), 0);
	assert_int_equal(s.active, A);
}

TESTS(unit(choose__every_situation__the_slot_and_state_of_the_table),
      unit(choose__any_state_that_can_be_stored__never_what_is_written_or_has_no_tries),
      unit(trace__an_update_that_never_comes_up__three_tries_then_the_old_slot_for_good),
      unit(trace__a_system_that_comes_up_without_health__its_slot_says_so),
      unit(trace__power_on_for_two_seconds_three_times__the_fourth_boot_toggles_and_so_on),
      unit(trace__a_boot_that_lasts_or_waits_for_a_person__the_count_starts_anew),
      unit(trace__toggle_off__no_count_is_kept_and_a_good_slot_stays),
      unit(trace__toggle_refused__told_and_not_again_at_the_next_boot),
      unit(wait__failsafe_in_a_slot_that_is_tried__the_try_comes_back_until_it_goes_on),
      unit(uncounted__nothing_can_be_stored__what_is_tried_is_left_alone),
      unit(activate__each_state__only_what_can_be_booted_unless_forced),
      unit(marks__each_state__good_bad_and_their_refusals),
      unit(begin_write__the_other_one_not_known_to_be_good__refused))
