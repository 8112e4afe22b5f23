#include "tests/t.h"

#include <linux/input-event-codes.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "lifeboat/running/watch.h"
#include "lifeboat/running/weekly.h"
#include "plat/fake/plat.h"

#define NOW   5000u
#define RESET 0u
#define WPS   1u
#define MOX   2u

static const struct lb_button buttons[] = {
	[RESET] = {.name = "reset",
		   .code = KEY_RESTART,
		   .short_press = {.action = LB_ACTION_REBOOT},
		   .long_press = {.action = LB_ACTION_FACTORY_RESET},
		   .short_ms = 1000,
		   .long_ms = 5000,
		   .cancel_ms = 15000},
	[WPS] = {.name = "wps",
		 .code = KEY_WPS_BUTTON,
		 .short_press = {.action = LB_ACTION_RUN, .command = "/sbin/short"},
		 .long_press = {.action = LB_ACTION_RUN, .command = "/sbin/long"},
		 .short_ms = 1000,
		 .long_ms = 5000},
	[MOX] = {.name = "mox",
		 .code = KEY_POWER,
		 .short_press = {.action = LB_ACTION_REBOOT},
		 .long_press = {.action = LB_ACTION_RESET},
		 .long_ms = 4000,
		 .cancel_ms = 60000},
};

static struct lb_fake_plat fake;
static char told[8192];
static size_t told_len;
static int next_pid, refuse;
static bool ours; /* the LEDs */

static void PRINTF_LIKE(1, 2) tell(const char *fmt, ...)
{
	size_t room = sizeof(told) - told_len;
	va_list args;
	int n = snprintf(told + told_len, room, "%u ", (unsigned)(fake.now_ms - NOW));

	assert_in_range(n, 1, room - 1);
	va_start(args, fmt);
	n += vsnprintf(told + told_len + n, room - (size_t)n, fmt, args);
	va_end(args);
	assert_in_range(n, 1, room - 1);
	told_len += (size_t)n;
}

static void hear(void *ctx, enum lb_log_level level, const char *text)
{
	if (level != LB_LOG_DEBUG)
		tell("%s%s\n", level == LB_LOG_ERR ? "error: " : "", text);
}

static int begin(void *ctx, const struct lb_deed *deed, const struct lb_button *button,
		 uint64_t held_ms)
{
	if (refuse)
		return refuse;
	tell("begin %s %s %u\n", button->name,
	     deed->action == LB_ACTION_RUN ? deed->command : lb_action_name(deed->action),
	     (unsigned)held_ms);
	return next_pid++;
}

static void reset_here(void *ctx)
{
	tell("reset here\n");
}

static void take_leds(void *ctx)
{
	assert_false(ours);
	ours = true;
	tell("LEDs taken\n");
}

static void give_leds_back(void *ctx)
{
	assert_true(ours);
	assert_false(fake.lit[LB_ROLE_FAILSAFE]);
	ours = false;
	tell("LEDs given back\n");
}

static int start(void **state)
{
	lb_fake_plat_init(&fake, NOW);
	told_len = 0;
	told[0] = '\0';
	next_pid = 100;
	refuse = 0;
	ours = false;
	lb_log_set_level(LB_LOG_DEBUG);
	lb_log_set_sink(hear, NULL);
	return 0;
}

static int stop(void **state)
{
	lb_log_set_sink(NULL, NULL);
	return 0;
}

static void press(unsigned button, uint64_t from_ms, uint64_t to_ms)
{
	lb_fake_button(&fake, from_ms, button, true);
	lb_fake_button(&fake, to_ms, button, false);
}

static void child(uint64_t at_ms, int pid, int status)
{
	const struct plat_event ev = {
		.kind = PLAT_EV_CHILD, .at_ms = at_ms, .pid = pid, .status = status};

	lb_fake_event(&fake, at_ms, &ev);
}

static void signal_at(uint64_t at_ms, int number)
{
	const struct plat_event ev = {.kind = PLAT_EV_SIGNAL, .at_ms = at_ms, .number = number};

	lb_fake_event(&fake, at_ms, &ev);
}

static const char *run(unsigned held, uint64_t end_ms)
{
	const struct plat p = lb_fake_plat(&fake);
	const struct lb_watch_hands hands = {.begin = begin,
					     .reset_here = reset_here,
					     .take_leds = take_leds,
					     .give_leds_back = give_leds_back};

	signal_at(end_ms, SIGTERM);
	lb_watch(&p, &hands, buttons, sizeof(buttons) / sizeof(buttons[0]), 20, held);
	assert_false(ours);
	return told;
}

static void short_press__of_reset__reboots_and_no_led_changes(void **state)
{
	press(RESET, 100, 400);
	assert_string_equal(run(0, 9000),
			    "420 button 'reset' was held for 0.3 s: the router reboots\n"
			    "420 begin reset reboot 300\n");
	assert_int_equal(fake.edge_count, 0);
}

static void press_of_2_s__of_reset__nothing_at_all(void **state)
{
	press(RESET, 100, 2100);
	assert_string_equal(run(0, 9000), "");
	assert_int_equal(fake.edge_count, 0);
}

static void hold__of_10_s__blinks_10_per_second_from_5_s_on_then_resets(void **state)
{
	press(RESET, 1000, 11000);
	assert_string_equal(run(0, 20000),
			    "6000 LEDs taken\n"
			    "6000 button 'reset': release it now for 'factory-reset'\n"
			    "11000 LEDs given back\n"
			    "11020 button 'reset' was held for 10.0 s: factory reset\n"
			    "11020 begin reset factory-reset 10000\n");
	assert_int_equal(fake.edge_count, 100);
	for (size_t i = 0; i < fake.edge_count; i++) {
		assert_int_equal(fake.edges[i].at_ms, 6000 + 50 * i);
		assert_int_equal(fake.edges[i].on, i % 2 == 0);
		assert_int_equal(fake.edges[i].role, LB_ROLE_FAILSAFE);
	}
}

static void hold__of_5_s__resets_too(void **state)
{
	press(RESET, 1000, 6000);
	assert_string_equal(run(0, 20000), "6020 button 'reset' was held for 5.0 s: factory reset\n"
					   "6020 begin reset factory-reset 5000\n");
}

static void hold__just_below_5_s__nothing(void **state)
{
	press(RESET, 1000, 5999);
	assert_string_equal(run(0, 20000), "");
	assert_int_equal(fake.edge_count, 0);
}

static void hold__beyond_cancel__led_as_before_and_the_release_does_nothing(void **state)
{
	press(RESET, 1000, 18000);
	assert_string_equal(run(0, 20000),
			    "6000 LEDs taken\n"
			    "6000 button 'reset': release it now for 'factory-reset'\n"
			    "16000 LEDs given back\n");
	assert_int_equal(fake.edge_count, 200);
}

static void hold__and_another_button__takes_it_back(void **state)
{
	lb_fake_button(&fake, 1000, RESET, true);
	press(WPS, 7000, 7300);
	lb_fake_button(&fake, 9000, RESET, false);
	assert_string_equal(run(0, 20000),
			    "6000 LEDs taken\n"
			    "6000 button 'reset': release it now for 'factory-reset'\n"
			    "7020 button 'reset': cancelled by another button\n"
			    "7020 LEDs given back\n");
}

static void stuck__from_the_start__said_once_and_nothing_for_an_hour(void **state)
{
	fake.ends_ms = NOW + 4000000;
	assert_string_equal(
		run(1u << RESET, 3600000),
		"0 button 'reset' reads as pressed: ignored until it is released; if nobody holds it, "
		"its polarity in the device tree is wrong\n");
	assert_int_equal(fake.waits, 1);
}

static void run__short_and_long__their_own_commands(void **state)
{
	press(WPS, 100, 400);
	child(600, 100, 0);
	press(WPS, 1000, 7000);
	assert_non_null(strstr(run(0, 9000), "420 begin wps /sbin/short 300\n"));
	assert_non_null(strstr(told, "7020 begin wps /sbin/long 6000\n"));
}

static void busy__same_again__ignored_and_said_until_it_has_ended(void **state)
{
	press(WPS, 100, 400);
	press(WPS, 1000, 1200);
	child(2000, 100, 0);
	press(WPS, 3000, 3100);
	assert_string_equal(
		run(0, 9000),
		"420 button 'wps' was held for 0.3 s: its command runs\n"
		"420 begin wps /sbin/short 300\n"
		"1220 button 'wps' was held for 0.2 s: ignored, because 'run' of button "
		"'wps' is still under way\n"
		"3120 button 'wps' was held for 0.1 s: its command runs\n"
		"3120 begin wps /sbin/short 100\n");
}

static void busy__factory_reset_runs__no_reboot_and_no_command_meanwhile(void **state)
{
	press(RESET, 0, 6000);
	press(RESET, 7000, 7300);
	press(WPS, 8000, 8300);
	assert_non_null(strstr(run(0, 9000),
			       "6020 begin reset factory-reset 6000\n"
			       "7320 button 'reset' was held for 0.3 s: ignored, because "
			       "'factory-reset' of button 'reset' is still under way\n"
			       "8320 button 'wps' was held for 0.3 s: ignored, because "
			       "'factory-reset' of button 'reset' is still under way\n"));
}

static void busy__a_command_that_hangs__is_not_in_the_way_of_a_reset(void **state)
{
	press(WPS, 100, 400);
	press(RESET, 1000, 7000);
	assert_non_null(strstr(run(0, 9000), "7020 begin reset factory-reset 6000\n"));
}

static void child__fails__one_sentence_that_says_how(void **state)
{
	press(RESET, 0, 6000);
	child(6100, 100, 100 << 8);
	press(RESET, 7000, 13000);
	child(13100, 101, 1 << 8);
	press(RESET, 14000, 14300);
	child(14400, 102, 127 << 8);
	press(WPS, 15000, 15300);
	child(15400, 103, SIGKILL);
	child(15500, 999, 1 << 8); /* not ours */
	(void)run(0, 20000);
	assert_non_null(strstr(
		told, "6100 error: 'factory-reset' of button 'reset' failed: the lifeboat of "
		      "this system has no applet 'factoryreset'; nothing was erased\n"));
	assert_non_null(strstr(told, "13100 error: 'factory-reset' of button 'reset' failed: its "
				     "program ended with exit code 1\n"));
	assert_non_null(strstr(told,
			       "14400 error: 'reboot' of button 'reset' failed: its program is "
			       "not part of this system\n"));
	assert_non_null(
		strstr(told, "15400 error: 'run' of button 'wps' failed: signal 9 ended it\n"));
	assert_null(strstr(told, "15500"));
}

static void child__cannot_be_started__said_and_the_next_press_tries_again(void **state)
{
	refuse = LB_E(NOSPC);
	press(RESET, 100, 400);
	press(RESET, 1000, 1300);
	assert_string_equal(
		run(0, 9000),
		"420 button 'reset' was held for 0.3 s: the router reboots\n"
		"420 error: 'reboot' of button 'reset' cannot be started: the child process "
		"does not fit\n"
		"1320 button 'reset' was held for 0.3 s: the router reboots\n"
		"1320 error: 'reboot' of button 'reset' cannot be started: the child process "
		"does not fit\n");
}

static void reset_at_once__orderly_reboot_hangs__is_carried_out_while_held(void **state)
{
	press(MOX, 100, 3000);
	press(MOX, 5000, 15000);
	assert_string_equal(run(0, 20000),
			    "3020 button 'mox' was held for 2.9 s: the router reboots\n"
			    "3020 begin mox reboot 2900\n"
			    "9020 button 'mox' was held for 4.0 s: the router is reset at once\n"
			    "9020 begin mox reset 4020\n");
	assert_int_equal(fake.edge_count, 0);
}

/* A system whose processes are used up is one that people want to reset. */
static void reset_at_once__no_child_can_be_had__is_carried_out_here(void **state)
{
	refuse = LB_E(NOSPC);
	press(MOX, 100, 1000);
	press(MOX, 5000, 15000);
	assert_string_equal(
		run(0, 20000),
		"1020 button 'mox' was held for 0.9 s: the router reboots\n"
		"1020 error: 'reboot' of button 'mox' cannot be started: the child process does "
		"not fit\n"
		"9020 button 'mox' was held for 4.0 s: the router is reset at once\n"
		"9020 error: 'reset' of button 'mox' cannot be started: the child process does not "
		"fit\n"
		"9020 reset here\n");
}

static void end__while_armed__leds_are_given_back(void **state)
{
	lb_fake_button(&fake, 0, RESET, true);
	assert_non_null(strstr(run(0, 6010), "6010 LEDs given back\n"));
}

static void other_events__signals_lines_and_words__change_nothing(void **state)
{
	const struct plat_event word = {.kind = PLAT_EV_CONTROL, .at_ms = 6100, .text = "f"};

	lb_fake_button(&fake, 1000, RESET, true);
	signal_at(3000, SIGUSR1);
	lb_fake_line(&fake, 6050, "f");
	lb_fake_event(&fake, 6100, &word);
	lb_fake_button(&fake, 7000, RESET, false);
	assert_non_null(strstr(run(0, 9000), "7020 begin reset factory-reset 6000\n"));
	assert_int_equal(fake.edge_count, 20);
}

/* --- what is done by time */

static struct lb_weekly week;

static int start_weekly(void *ctx, bool quiet)
{
	if (refuse)
		return refuse;
	tell("weekly%s\n", quiet ? " quiet" : "");
	return next_pid++;
}

static uint64_t tick(void *ctx, uint64_t now_ms)
{
	return lb_weekly_tick(&week, now_ms);
}

static void ended(void *ctx, int pid, int status)
{
	lb_weekly_ended(&week, pid, status);
}

static const char *run_weekly(uint64_t end_ms)
{
	const struct plat p = lb_fake_plat(&fake);
	const struct lb_watch_hands hands = {.begin = begin,
					     .take_leds = take_leds,
					     .give_leds_back = give_leds_back,
					     .tick = tick,
					     .ended = ended};

	week = (struct lb_weekly){.start = start_weekly};
	fake.ends_ms = NOW + end_ms + 1000;
	lb_weekly_begin(&week, NOW);
	signal_at(end_ms, SIGTERM);
	lb_watch(&p, &hands, buttons, sizeof(buttons) / sizeof(buttons[0]), 20, 0);
	return told;
}

#define MINUTE_MS 60000u

static void weekly__every_hour__and_the_clock_is_spoken_of_once(void **state)
{
	child(6 * MINUTE_MS, 100, LB_EXIT_NO << 8);  /* the clock is not set */
	child(66 * MINUTE_MS, 101, LB_EXIT_NO << 8); /* nor now */
	child(126 * MINUTE_MS, 102, 0);
	assert_string_equal(run_weekly(190 * MINUTE_MS), "300000 weekly\n"
							 "3900000 weekly quiet\n"
							 "7500000 weekly quiet\n"
							 "11100000 weekly\n");
}

static void weekly__one_that_hangs_or_a_press__are_not_in_each_others_way(void **state)
{
	press(WPS, 10 * MINUTE_MS, 10 * MINUTE_MS + 500);
	child(20 * MINUTE_MS, 101, 0);
	press(WPS, 66 * MINUTE_MS, 66 * MINUTE_MS + 500);
	assert_string_equal(run_weekly(130 * MINUTE_MS),
			    "300000 weekly\n"
			    "600520 button 'wps' was held for 0.5 s: its command runs\n"
			    "600520 begin wps /sbin/short 500\n"
			    "3960520 button 'wps' was held for 0.5 s: its command runs\n"
			    "3960520 begin wps /sbin/short 500\n");
}

static void weekly__cannot_be_started__said_and_tried_again(void **state)
{
	refuse = LB_E(NOSPC);
	assert_string_equal(
		run_weekly(70 * MINUTE_MS),
		"300000 error: whether a weekly snapshot is due cannot be found out: the child process does not fit\n"
		"3900000 error: whether a weekly snapshot is due cannot be found out: the child process does not fit\n");
}

#define watch(f) cmocka_unit_test_setup_teardown(f, start, stop)

TESTS(watch(short_press__of_reset__reboots_and_no_led_changes),
      watch(press_of_2_s__of_reset__nothing_at_all),
      watch(hold__of_10_s__blinks_10_per_second_from_5_s_on_then_resets),
      watch(hold__of_5_s__resets_too), watch(hold__just_below_5_s__nothing),
      watch(hold__beyond_cancel__led_as_before_and_the_release_does_nothing),
      watch(hold__and_another_button__takes_it_back),
      watch(stuck__from_the_start__said_once_and_nothing_for_an_hour),
      watch(run__short_and_long__their_own_commands),
      watch(busy__same_again__ignored_and_said_until_it_has_ended),
      watch(busy__factory_reset_runs__no_reboot_and_no_command_meanwhile),
      watch(busy__a_command_that_hangs__is_not_in_the_way_of_a_reset),
      watch(child__fails__one_sentence_that_says_how),
      watch(child__cannot_be_started__said_and_the_next_press_tries_again),
      watch(reset_at_once__orderly_reboot_hangs__is_carried_out_while_held),
      watch(reset_at_once__no_child_can_be_had__is_carried_out_here),
      watch(end__while_armed__leds_are_given_back),
      watch(weekly__every_hour__and_the_clock_is_spoken_of_once),
      watch(weekly__one_that_hangs_or_a_press__are_not_in_each_others_way),
      watch(weekly__cannot_be_started__said_and_tried_again),
      watch(other_events__signals_lines_and_words__change_nothing))
