#include "tests/t.h"

#include <stdio.h>

#include "panel/hold.h"
#include "panel/led.h"

#define NOW	 7000u
#define DEBOUNCE 20u
#define SHORT	 1000u
#define LONG	 5000u

static const struct lb_hold_config reset = {.short_action = LB_ACTION_REBOOT,
					    .long_action = LB_ACTION_FACTORY_RESET,
					    .debounce_ms = DEBOUNCE,
					    .short_ms = SHORT,
					    .long_ms = LONG};

/* Of Turris MOX. */
static const struct lb_hold_config mox = {.short_action = LB_ACTION_REBOOT,
					  .long_action = LB_ACTION_RESET,
					  .debounce_ms = DEBOUNCE,
					  .long_ms = 4000,
					  .cancel_ms = 60000,
					  .waits_not = true};

static struct lb_hold hold;
static char trace[2048];
static size_t trace_len;
static unsigned armed;
static uint64_t wake_ms;

static void note(uint64_t at_ms, unsigned button, const char *what)
{
	int n = snprintf(trace + trace_len, sizeof(trace) - trace_len, "%u %u %s\n",
			 (unsigned)(at_ms - NOW), button, what);

	assert_in_range(n, 1, sizeof(trace) - trace_len - 1);
	trace_len += (size_t)n;
}

static void step(enum lb_hold_event_kind kind, unsigned button, uint64_t at_ms)
{
	const struct lb_hold_event ev = {.kind = kind, .button = button};
	struct lb_hold_out out = lb_hold_step(&hold, &ev, at_ms);

	for (unsigned i = 0; i < LB_BUTTONS_MAX; i++) {
		if (out.cancelled >> i & 1)
			note(at_ms, i, "cancelled");
		if (out.fired >> i & 1)
			note(at_ms, i, "fired");
		if (out.released >> i & 1)
			note(at_ms, i, lb_action_name(out.action[i]));
		if ((out.armed ^ armed) >> i & 1)
			note(at_ms, i, out.armed >> i & 1 ? "armed" : "dark");
	}
	armed = out.armed;
	wake_ms = out.wake_ms;
	assert_true(wake_ms > at_ms); /* or the caller would spin */
}

/* As a caller does it: every wake-up that falls before the moment is kept. */
static void pass(uint64_t until_ms)
{
	while (wake_ms <= until_ms)
		step(LB_HOLD_TICK, 0, wake_ms);
}

static void at(uint64_t ms, unsigned button, bool down)
{
	pass(NOW + ms - 1);
	step(down ? LB_HOLD_DOWN : LB_HOLD_UP, button, NOW + ms);
}

static void begin(const struct lb_hold_config *configs, unsigned count, unsigned held)
{
	lb_hold_start(&hold, configs, count, held, NOW);
	trace_len = 0;
	trace[0] = '\0';
	armed = 0;
	step(LB_HOLD_TICK, 0, NOW);
}

static const char *end(void)
{
	pass(NOW + 3600 * 1000);
	assert_true(wake_ms == LB_NEVER);
	return trace;
}

static const char *press_of(const struct lb_hold_config *config, unsigned ms)
{
	begin(config, 1, 0);
	at(100, 0, true);
	at(100 + ms, 0, false);
	return end();
}

/* What came of it, without the LED. */
static const char *action_of(const struct lb_hold_config *config, unsigned ms)
{
	(void)press_of(config, ms);
	for (int a = 0; a < LB_ACTION_COUNT; a++) {
		char line[64];

		(void)snprintf(line, sizeof(line), "%u 0 %s\n", 100 + ms + config->debounce_ms,
			       lb_action_name((unsigned)a));
		if (strstr(trace, line))
			return lb_action_name((unsigned)a);
	}
	return "";
}

static void press__each_threshold__minus_1_0_plus_1(void **state)
{
	assert_string_equal(action_of(&reset, 1), "");
	assert_string_equal(action_of(&reset, DEBOUNCE - 1), "");
	assert_string_equal(action_of(&reset, DEBOUNCE), "reboot");
	assert_string_equal(action_of(&reset, DEBOUNCE + 1), "reboot");
	assert_string_equal(action_of(&reset, SHORT - 1), "reboot");
	assert_string_equal(action_of(&reset, SHORT), "none");
	assert_string_equal(action_of(&reset, SHORT + 1), "none");
	assert_string_equal(action_of(&reset, LONG - 1), "none");
	assert_string_equal(action_of(&reset, LONG), "factory-reset");
	assert_string_equal(action_of(&reset, LONG + 1), "factory-reset");
}

static void cancel__threshold__minus_1_0_plus_1(void **state)
{
	struct lb_hold_config c = reset;

	c.cancel_ms = 8000;
	assert_string_equal(action_of(&c, 7999), "factory-reset");
	assert_string_equal(action_of(&c, 8000), "none");
	assert_string_equal(action_of(&c, 8001), "none");
	assert_string_equal(press_of(&c, 9000), "5100 0 armed\n8100 0 dark\n9120 0 none\n");
	assert_string_equal(action_of(&reset, 3600 * 500), "factory-reset"); /* 0: no limit */
}

/* OpenWrt resets after 5 s; its users are told to hold the button for 10 seconds. */
static void reset_button__5_s_and_10_s__both_reset(void **state)
{
	assert_string_equal(press_of(&reset, 5000), "5120 0 factory-reset\n");
	assert_string_equal(press_of(&reset, 10000),
			    "5100 0 armed\n10100 0 dark\n10120 0 factory-reset\n");
}

static void power_button__any_length__its_short_action(void **state)
{
	const struct lb_hold_config power = {
		.short_action = LB_ACTION_POWEROFF, .debounce_ms = DEBOUNCE, .long_ms = LONG};

	assert_string_equal(action_of(&power, DEBOUNCE - 1), "");
	assert_string_equal(action_of(&power, 300), "poweroff");
	assert_string_equal(action_of(&power, 3000), "poweroff");
	assert_string_equal(press_of(&power, 30000), "30120 0 poweroff\n");
}

static void no_long_action__held_for_long__nothing_is_shown_and_nothing_done(void **state)
{
	struct lb_hold_config wps = {.short_action = LB_ACTION_RUN,
				     .debounce_ms = DEBOUNCE,
				     .short_ms = SHORT,
				     .long_ms = LONG};

	assert_string_equal(press_of(&wps, 6000), "6120 0 none\n");
	assert_string_equal(press_of(&wps, 500), "620 0 run\n");
	begin(&wps, 1, 0);
	at(100, 0, true);
	step(LB_HOLD_TICK, 0, NOW + 6000); /* somebody else's wake-up */
	assert_int_equal(armed, 0);
}

static void no_short_action__touch__nothing(void **state)
{
	struct lb_hold_config c = reset;

	c.short_action = LB_ACTION_NONE;
	assert_string_equal(action_of(&c, 500), "none");
	assert_string_equal(action_of(&c, LONG), "factory-reset");
}

static void debounce_0__a_press_of_1_ms__counts_and_answers_at_once(void **state)
{
	struct lb_hold_config c = reset;

	c.debounce_ms = 0;
	assert_string_equal(press_of(&c, 1), "101 0 reboot\n");
	assert_string_equal(press_of(&c, 0), "100 0 reboot\n");
}

static void bounce__at_both_ends__one_press_as_long_as_it_was(void **state)
{
	begin(&reset, 1, 0);
	for (unsigned i = 0; i < 10; i++)
		at(100 + 3 * i, 0, i % 2 == 0); /* ends up */
	at(130, 0, true);
	at(5130, 0, false);
	for (unsigned i = 0; i < 10; i++)
		at(5133 + 3 * i, 0, i % 2 == 0);
	assert_string_equal(end(), "5180 0 factory-reset\n");
}

static void bounce__at_the_release__is_not_counted_as_held(void **state)
{
	begin(&reset, 1, 0);
	at(100, 0, true);
	at(100 + LONG - 1, 0, false);
	at(100 + LONG + 1, 0, true);
	at(100 + LONG + DEBOUNCE, 0, false);
	assert_string_equal(end(), "5140 0 none\n");
}

static void bounce__breaks_of_a_worn_contact__minus_1_0_plus_1(void **state)
{
	static const struct {
		unsigned break_ms;
		const char *trace;
	} rows[] = {
		{DEBOUNCE - 1, "5100 0 armed\n6100 0 dark\n6120 0 factory-reset\n"},
		{DEBOUNCE, "620 0 reboot\n5620 0 armed\n6100 0 dark\n6120 0 factory-reset\n"},
		{DEBOUNCE + 1, "620 0 reboot\n5621 0 armed\n6100 0 dark\n6120 0 factory-reset\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(&reset, 1, 0);
		at(100, 0, true);
		at(600, 0, false);
		at(600 + rows[i].break_ms, 0, true);
		at(6100, 0, false);
		assert_string_equal(end(), rows[i].trace);
	}
}

static void bounce__only__nothing_for_ever(void **state)
{
	begin(&reset, 1, 0);
	for (unsigned i = 0; i < 1000; i++)
		at(100 + 10 * i, 0, i % 2 == 0);
	assert_string_equal(end(), "");
}

static void stuck__from_the_start__nothing_until_it_was_released(void **state)
{
	begin(&reset, 1, 1);
	at(60000, 0, false);
	assert_string_equal(trace, "");
	at(61000, 0, true);
	at(61500, 0, false);
	assert_string_equal(end(), "61520 0 reboot\n");
}

static void stuck__chatters__is_not_released_yet(void **state)
{
	begin(&reset, 1, 1);
	at(1000, 0, false);
	at(1000 + DEBOUNCE - 1, 0, true);
	at(9000, 0, false);
	assert_string_equal(end(), "");
}

static void stuck__one_of_two__the_other_works(void **state)
{
	const struct lb_hold_config two[] = {reset, reset};

	begin(two, 2, 1u << 0);
	at(100, 1, true);
	at(6100, 1, false);
	assert_string_equal(end(), "5100 1 armed\n6100 1 dark\n6120 1 factory-reset\n");
}

static void two_buttons__at_once__each_is_its_own_dialogue(void **state)
{
	struct lb_hold_config two[] = {reset, reset};

	two[1].short_action = LB_ACTION_RUN;
	begin(two, 2, 0);
	at(100, 0, true);
	at(200, 1, true);
	at(700, 1, false);
	at(900, 0, false);
	assert_string_equal(end(), "720 1 run\n920 0 reboot\n");
}

static void two_buttons__second_before_the_first_is_armed__both_count(void **state)
{
	const struct lb_hold_config two[] = {reset, reset};

	begin(two, 2, 0);
	at(100, 0, true);
	at(100 + LONG - 1, 1, true);
	at(6000, 1, false);
	at(6200, 0, false);
	assert_string_equal(end(),
			    "5100 0 armed\n6020 1 reboot\n6200 0 dark\n6220 0 factory-reset\n");
}

static void two_buttons__second_while_the_first_is_armed__cancels_and_does_nothing(void **state)
{
	const struct lb_hold_config two[] = {reset, reset};

	begin(two, 2, 0);
	at(100, 0, true);
	at(100 + LONG, 1, true);
	at(5600, 1, false);
	at(9000, 0, false);
	assert_string_equal(end(), "5100 0 armed\n5120 0 cancelled\n5120 0 dark\n");
	/* And both are as before afterwards. */
	at(10000, 1, true);
	at(10500, 1, false);
	at(11000, 0, true);
	at(17000, 0, false);
	assert_non_null(strstr(end(), "10520 1 reboot\n16000 0 armed\n17000 0 dark\n"
				      "17020 0 factory-reset\n"));
}

static void two_buttons__second_only_chatters__cancels_nothing(void **state)
{
	const struct lb_hold_config two[] = {reset, reset};

	begin(two, 2, 0);
	at(100, 0, true);
	at(6000, 1, true);
	at(6000 + DEBOUNCE - 1, 1, false);
	at(7000, 0, false);
	assert_string_equal(end(), "5100 0 armed\n7000 0 dark\n7020 0 factory-reset\n");
}

static void two_buttons__second_just_after_the_release__does_not_take_it_back(void **state)
{
	const struct lb_hold_config two[] = {reset, reset};

	begin(two, 2, 0);
	at(100, 0, true);
	at(6000, 0, false);
	at(6001, 1, true);
	at(6500, 1, false);
	assert_string_equal(end(),
			    "5100 0 armed\n6000 0 dark\n6020 0 factory-reset\n6520 1 reboot\n");
}

static void two_buttons__second_while_the_released_one_chatters__does_not_take_it_back(void **state)
{
	const struct lb_hold_config two[] = {reset, reset};

	begin(two, 2, 0);
	at(100, 1, true);
	at(6000, 1, false);
	at(6000, 0, true);
	at(6010, 1, true);
	at(6025, 1, false);
	at(6500, 0, false);
	assert_string_equal(end(),
			    "5100 1 armed\n6000 1 dark\n6045 1 factory-reset\n6520 0 reboot\n");
}

static void late__press_of_another_device__is_judged_by_its_time_stamp(void **state)
{
	const struct lb_hold_config two[] = {reset, reset};

	begin(two, 2, 0);
	at(100, 0, true);
	step(LB_HOLD_TICK, 0, NOW + 130);
	step(LB_HOLD_DOWN, 1, NOW + 90);
	at(400, 1, false);
	at(600, 0, false);
	assert_string_equal(end(), "420 1 reboot\n620 0 reboot\n");
}

static void late__press_and_release_in_one_stall__count_by_their_time_stamps(void **state)
{
	begin(&reset, 1, 0);
	step(LB_HOLD_TICK, 0, NOW + 50000);
	step(LB_HOLD_DOWN, 0, NOW + 10000);
	step(LB_HOLD_UP, 0, NOW + 15500);
	assert_string_equal(end(), "15520 0 factory-reset\n");
}

static void late__release_known_after_its_tick__is_judged_by_its_time_stamp(void **state)
{
	begin(&reset, 1, 0);
	at(100, 0, true);
	step(LB_HOLD_TICK, 0, NOW + 100 + LONG);
	step(LB_HOLD_UP, 0, NOW + 100 + LONG - 1);
	assert_string_equal(end(), "5100 0 armed\n5099 0 dark\n5119 0 none\n");
	begin(&reset, 1, 0);
	at(100, 0, true);
	step(LB_HOLD_TICK, 0, NOW + 100 + DEBOUNCE);
	step(LB_HOLD_UP, 0, NOW + 100 + DEBOUNCE - 1);
	assert_string_equal(end(), "");
}

/* The kernel's buffer overflowed: two short presses must not become one long one. */
static void lost_release__pressed_again__counts_from_the_second_press(void **state)
{
	begin(&reset, 1, 0);
	at(100, 0, true);
	at(4000, 0, true);
	at(4500, 0, false);
	assert_string_equal(end(), "4520 0 reboot\n");
}

static void unknown_button__pressed__nothing(void **state)
{
	struct lb_hold_config all[LB_BUTTONS_MAX];

	for (unsigned i = 0; i < LB_BUTTONS_MAX; i++)
		all[i] = reset;
	begin(&reset, 1, 0);
	at(100, 1, true);
	assert_string_equal(end(), "");
	begin(all, LB_BUTTONS_MAX, 0);
	at(200, LB_BUTTONS_MAX, true);
	at(300, LB_BUTTONS_MAX - 1, true);
	at(400, LB_BUTTONS_MAX - 1, false);
	assert_string_equal(end(), "420 7 reboot\n");
}

static void waits_not__each_threshold__reboot_below_reset_from_it_on(void **state)
{
	assert_string_equal(press_of(&mox, DEBOUNCE - 1), "");
	assert_string_equal(press_of(&mox, 300), "420 0 reboot\n");
	assert_string_equal(press_of(&mox, 2000), "2120 0 reboot\n");
	assert_string_equal(press_of(&mox, 3999), "4119 0 reboot\n");
	assert_string_equal(press_of(&mox, 4000), "4120 0 reset\n");
	assert_string_equal(press_of(&mox, 4000 + DEBOUNCE - 1), "4139 0 reset\n");
	assert_string_equal(press_of(&mox, 4000 + DEBOUNCE + 1), "4120 0 fired\n");
	assert_string_equal(press_of(&mox, 70000), "4120 0 fired\n"); /* once, while held */
}

static void waits_not__contact_breaks_at_its_time__still_once(void **state)
{
	begin(&mox, 1, 0);
	at(100, 0, true);
	at(4090, 0, false);
	at(4100, 0, true);
	assert_string_equal(end(), "4120 0 fired\n");
	begin(&mox, 1, 0);
	at(100, 0, true);
	at(4110, 0, false);
	at(4125, 0, true);
	at(6000, 0, false);
	assert_string_equal(end(), "4145 0 fired\n");
}

static void waits_not__held_from_the_start_or_with_another__its_own_dialogue(void **state)
{
	const struct lb_hold_config two[] = {mox, reset};

	begin(&mox, 1, 1);
	at(8000, 0, false);
	assert_string_equal(end(), "");
	begin(two, 2, 0);
	at(100, 0, true);
	at(1000, 1, true);
	at(1200, 1, false);
	at(5000, 0, false);
	assert_string_equal(end(), "1220 1 reboot\n4120 0 fired\n");
}

TESTS(unit(waits_not__each_threshold__reboot_below_reset_from_it_on),
      unit(waits_not__contact_breaks_at_its_time__still_once),
      unit(waits_not__held_from_the_start_or_with_another__its_own_dialogue),
      unit(press__each_threshold__minus_1_0_plus_1), unit(cancel__threshold__minus_1_0_plus_1),
      unit(reset_button__5_s_and_10_s__both_reset),
      unit(power_button__any_length__its_short_action),
      unit(no_long_action__held_for_long__nothing_is_shown_and_nothing_done),
      unit(no_short_action__touch__nothing),
      unit(debounce_0__a_press_of_1_ms__counts_and_answers_at_once),
      unit(bounce__at_both_ends__one_press_as_long_as_it_was),
      unit(bounce__at_the_release__is_not_counted_as_held),
      unit(bounce__breaks_of_a_worn_contact__minus_1_0_plus_1),
      unit(bounce__only__nothing_for_ever),
      unit(stuck__from_the_start__nothing_until_it_was_released),
      unit(stuck__chatters__is_not_released_yet), unit(stuck__one_of_two__the_other_works),
      unit(two_buttons__at_once__each_is_its_own_dialogue),
      unit(two_buttons__second_before_the_first_is_armed__both_count),
      unit(two_buttons__second_while_the_first_is_armed__cancels_and_does_nothing),
      unit(two_buttons__second_only_chatters__cancels_nothing),
      unit(two_buttons__second_just_after_the_release__does_not_take_it_back),
      unit(two_buttons__second_while_the_released_one_chatters__does_not_take_it_back),
      unit(late__press_of_another_device__is_judged_by_its_time_stamp),
      unit(late__press_and_release_in_one_stall__count_by_their_time_stamps),
      unit(late__release_known_after_its_tick__is_judged_by_its_time_stamp),
      unit(lost_release__pressed_again__counts_from_the_second_press),
      unit(unknown_button__pressed__nothing))
