/* Whole dialogues of the window between a person, the LED, the consoles and the LAN, on a virtual
 * clock that is stricter than hardware (plat/fake/plat.h). Prompts are OpenWrt's, to the letter:
 * scripts wait for them. */
#include "tests/t.h"

#include <stdio.h>

#include "lifeboat/gate/dialogue.h"
#include "plat/fake/plat.h"

#define NOW	987654321u
#define WINDOW	4000u

#define PRESS_F "say Press the [f] key and hit [enter] to enter failsafe mode\n"
#define PRESS_1 "say Press the [1], [2], [3] or [4] key and hit [enter] to select the debug level\n"
#define REFUSAL "failsafe is switched off"

static const struct lb_window_config offers = {
	.window_ms = WINDOW, .debounce_ms = 30, .failsafe = true};
static const struct lb_window_config refuses = {.window_ms = WINDOW, .debounce_ms = 30};

static struct lb_fake_plat fake;

static int start(void **state)
{
	lb_fake_plat_init(&fake, NOW);
	fake.ends_ms = NOW + 60000;
	return 0;
}

static struct lb_window_result run(const struct lb_window_config *config, unsigned held)
{
	const struct plat p = lb_fake_plat(&fake);

	return lb_dialogue_window(&p, config, held, REFUSAL);
}

static void assert_result(const struct lb_window_result *r, enum lb_state state,
			  enum lb_reason reason, uint64_t at_ms)
{
	assert_int_equal(r->state, state);
	assert_int_equal(r->reason, reason);
	assert_int_equal(fake.now_ms - NOW, at_ms);
}

/* The trace without the LED, for those who look at the LED by itself. */
static const char *told(void)
{
	static char out[LB_FAKE_TRACE_BYTES];
	size_t len = 0;

	for (const char *line = fake.trace; *line; line = strchr(line, '\n') + 1) {
		size_t n = (size_t)(strchr(line, '\n') - line) + 1;

		if (strncmp(strchr(line, ' '), " led ", 5) == 0)
			continue;
		memcpy(out + len, line, n);
		len += n;
	}
	out[len] = '\0';
	return out;
}

/* OpenWrt's wiki lets people count: a "semi-rapid 5-per-second blinking rhythm during four
 * seconds". */
static void assert_blinks_5_per_second_until(uint64_t end_ms)
{
	assert_int_equal(fake.edge_count, (end_ms + 99) / 100);
	for (size_t i = 0; i < fake.edge_count; i++) {
		assert_int_equal(fake.edges[i].at_ms, 100 * i);
		assert_int_equal(fake.edges[i].on, i % 2 == 0);
		assert_int_equal(fake.edges[i].role, LB_ROLE_BOOT);
	}
}

static void dialogue__nobody_there__prompts_blinks_4_s_tells_the_lan_and_boots(void **state)
{
	struct lb_window_result r = run(&offers, 0);

	assert_result(&r, LB_STATE_BOOTING, LB_REASON_WINDOW_OVER, WINDOW);
	assert_int_equal(r.debug_level, 0);
	assert_blinks_5_per_second_until(WINDOW);
	assert_int_equal(fake.edge_count, 40);
	assert_string_equal(told(), "0 " PRESS_F "0 " PRESS_1 "0 announce window none 4000\n"
				    "1000 announce window none 3000\n"
				    "2000 announce window none 2000\n"
				    "3000 announce window none 1000\n");
}

static void dialogue__nobody_there__wakes_only_for_edges(void **state)
{
	(void)run(&offers, 0);
	assert_int_equal(fake.waits, 40);
}

static void dialogue__button_pressed__whole_sequence(void **state)
{
	struct lb_window_result r;

	lb_fake_button(&fake, 250, 1, true);
	lb_fake_button(&fake, 400, 1, false);
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_FAILSAFE, LB_REASON_BUTTON, 280);
	assert_int_equal(r.button, 1);
	assert_string_equal(fake.trace, "0 " PRESS_F "0 " PRESS_1 "0 announce window none 4000\n"
					"0 led boot on\n"
					"100 led boot off\n"
					"200 led boot on\n");
	assert_int_equal(fake.delivered, 1); /* at once, not when it is released */
}

static void dialogue__button_held_from_power_on__whole_sequence(void **state)
{
	struct lb_window_result r = run(&offers, 1u << 2);

	assert_result(&r, LB_STATE_FAILSAFE, LB_REASON_BUTTON_HELD, 30);
	assert_int_equal(r.button, 2);
	assert_string_equal(fake.trace, "0 " PRESS_F "0 " PRESS_1 "0 announce window none 4000\n"
					"0 led boot on\n");
}

static void dialogue__button_chatters_10_ms_when_pressed__one_failsafe_and_a_steady_rhythm(
	void **state)
{
	struct lb_window_result r;

	for (unsigned i = 0; i < 9; i++)
		lb_fake_button(&fake, 950 + 10 * i, 0, i % 2 == 0);
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_FAILSAFE, LB_REASON_BUTTON, 1060);
	assert_blinks_5_per_second_until(1060);
}

static void dialogue__button_only_chatters__boots_and_the_rhythm_stays(void **state)
{
	struct lb_window_result r;

	for (unsigned i = 0; i < 398; i++)
		lb_fake_button(&fake, 3 + 10 * i, 0, i % 2 == 0);
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_BOOTING, LB_REASON_WINDOW_OVER, WINDOW);
	assert_blinks_5_per_second_until(WINDOW);
}

static void dialogue__button_pressed_at_the_end__is_waited_for(void **state)
{
	struct lb_window_result r;

	lb_fake_button(&fake, 3990, 0, true);
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_FAILSAFE, LB_REASON_BUTTON, 4020);
}

static void dialogue__f_typed__failsafe_at_once(void **state)
{
	struct lb_window_result r;

	lb_fake_line(&fake, 1111, "f");
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_FAILSAFE, LB_REASON_CONSOLE, 1111);
	assert_blinks_5_per_second_until(1111);
}

static void dialogue__3_then_f_typed__level_said_and_failsafe_with_it(void **state)
{
	struct lb_window_result r;

	lb_fake_line(&fake, 300, "3");
	lb_fake_line(&fake, 450, "f");
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_FAILSAFE, LB_REASON_CONSOLE, 450);
	assert_int_equal(r.debug_level, 3);
	assert_string_equal(fake.trace, "0 " PRESS_F "0 " PRESS_1 "0 announce window none 4000\n"
					"0 led boot on\n"
					"100 led boot off\n"
					"200 led boot on\n"
					"300 say - debug level 3 -\n"
					"300 led boot off\n"
					"400 led boot on\n");
}

static void dialogue__2_typed__level_said_and_normal_boot_at_the_end_of_the_window(void **state)
{
	struct lb_window_result r;

	lb_fake_line(&fake, 3999, "2");
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_BOOTING, LB_REASON_WINDOW_OVER, WINDOW);
	assert_int_equal(r.debug_level, 2);
	assert_non_null(strstr(fake.trace, "3999 say - debug level 2 -\n"));
}

static void dialogue__other_lines_typed__nothing_is_said_and_nothing_happens(void **state)
{
	static const char *const lines[] = {"F", "ff", " f", "5", "", "help"};
	struct lb_window_result r;
	char longest[LB_LINE_MAX];

	memset(longest, 'f', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (unsigned i = 0; i < 6; i++)
		lb_fake_line(&fake, 100 * i, lines[i]);
	lb_fake_line(&fake, 700, longest);
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_BOOTING, LB_REASON_WINDOW_OVER, WINDOW);
	assert_string_equal(told(), "0 " PRESS_F "0 " PRESS_1 "0 announce window none 4000\n"
				    "1000 announce window none 3000\n"
				    "2000 announce window none 2000\n"
				    "3000 announce window none 1000\n");
}

static void no_failsafe__button_and_f__refusal_is_said_f_is_not_offered_and_the_boot_is_normal(
	void **state)
{
	struct lb_window_result r;

	lb_fake_button(&fake, 500, 0, true);
	lb_fake_button(&fake, 510, 0, false);
	lb_fake_button(&fake, 520, 0, true);
	lb_fake_button(&fake, 900, 0, false);
	lb_fake_line(&fake, 950, "f");
	lb_fake_line(&fake, 960, "1");
	r = run(&refuses, 0);
	assert_result(&r, LB_STATE_BOOTING, LB_REASON_WINDOW_OVER, WINDOW);
	assert_int_equal(r.debug_level, 1);
	assert_blinks_5_per_second_until(WINDOW);
	assert_string_equal(told(), "0 " PRESS_1 "0 announce window none 4000\n"
				    "550 say " REFUSAL "\n"
				    "950 say " REFUSAL "\n"
				    "960 say - debug level 1 -\n"
				    "1000 announce window none 3000\n"
				    "2000 announce window none 2000\n"
				    "3000 announce window none 1000\n");
}

static void busy__press_and_release_fall_into_a_stall__failsafe_by_their_time_stamps(void **state)
{
	struct plat_event down = {.kind = PLAT_EV_BUTTON, .at_ms = 1100, .index = 3, .down = true};
	struct plat_event up = {.kind = PLAT_EV_BUTTON, .at_ms = 1300, .index = 3};
	struct lb_window_result r;

	fake.stall_ms = 1050;
	fake.stalled_ms = 2600;
	lb_fake_event(&fake, 2600, &down);
	lb_fake_event(&fake, 2600, &up);
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_FAILSAFE, LB_REASON_BUTTON, 2600);
	assert_int_equal(r.button, 3);
}

static void busy__stall_beyond_the_end__press_in_the_window_still_counts(void **state)
{
	struct plat_event down = {.kind = PLAT_EV_BUTTON, .at_ms = 3500, .index = 1, .down = true};
	struct lb_window_result r;

	fake.stall_ms = 3050;
	fake.stalled_ms = 5000;
	lb_fake_event(&fake, 5000, &down);
	r = run(&offers, 0);
	assert_int_equal(r.state, LB_STATE_FAILSAFE);
	assert_int_equal(r.reason, LB_REASON_BUTTON);
}

static void busy__stall_of_seconds__one_announcement_for_it_and_back_on_the_grid(void **state)
{
	struct lb_window_result r;

	fake.stall_ms = 500;
	fake.stalled_ms = 2550;
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_BOOTING, LB_REASON_WINDOW_OVER, WINDOW);
	assert_string_equal(told(), "0 " PRESS_F "0 " PRESS_1 "0 announce window none 4000\n"
				    "2550 announce window none 1450\n"
				    "3000 announce window none 1000\n");
	assert_int_equal(fake.edges[fake.edge_count - 1].at_ms, 3900);
}

static void busy__wakes_up_to_20_ms_late__rhythm_keeps_its_grid(void **state)
{
	struct lb_window_config config = offers;
	struct lb_window_result r;

	config.window_ms = 60000; /* the longest that a board file takes */
	fake.ends_ms = NOW + 61000;
	fake.late_ms = 20;
	r = run(&config, 0);
	assert_int_equal(r.state, LB_STATE_BOOTING);
	assert_in_range(fake.edge_count, 599, 601);
	for (size_t i = 0; i < 599; i++)
		assert_in_range(fake.edges[i].at_ms, 100 * i, 100 * i + 20);
}

static void busy__slow_serial_console__rhythm_and_end_stay(void **state)
{
	struct lb_window_result r;

	fake.say_takes_ms = 70; /* 80 characters at 9600 baud */
	lb_fake_line(&fake, 995, "3");
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_BOOTING, LB_REASON_WINDOW_OVER, WINDOW);
	assert_int_equal(fake.edges[0].at_ms, 200); /* while the prompts were printed it was dark */
	for (size_t i = 1; i < fake.edge_count; i++)
		assert_true(fake.edges[i].at_ms % 100 == 0 || fake.edges[i].at_ms == 1065);
}

static void other_events__children_signals_and_words__change_nothing(void **state)
{
	const struct plat_event child = {.kind = PLAT_EV_CHILD, .at_ms = 100, .pid = 42};
	const struct plat_event signal = {.kind = PLAT_EV_SIGNAL, .at_ms = 200, .number = 15};
	const struct plat_event word = {.kind = PLAT_EV_CONTROL, .at_ms = 300, .text = "f"};
	struct lb_window_result r;

	lb_fake_event(&fake, 100, &child);
	lb_fake_event(&fake, 200, &signal);
	lb_fake_event(&fake, 300, &word);
	r = run(&offers, 0);
	assert_result(&r, LB_STATE_BOOTING, LB_REASON_WINDOW_OVER, WINDOW);
	assert_blinks_5_per_second_until(WINDOW);
}

#define trace(f) cmocka_unit_test_setup(f, start)

TESTS(trace(dialogue__nobody_there__prompts_blinks_4_s_tells_the_lan_and_boots),
      trace(dialogue__nobody_there__wakes_only_for_edges),
      trace(dialogue__button_pressed__whole_sequence),
      trace(dialogue__button_held_from_power_on__whole_sequence),
      trace(dialogue__button_chatters_10_ms_when_pressed__one_failsafe_and_a_steady_rhythm),
      trace(dialogue__button_only_chatters__boots_and_the_rhythm_stays),
      trace(dialogue__button_pressed_at_the_end__is_waited_for),
      trace(dialogue__f_typed__failsafe_at_once),
      trace(dialogue__3_then_f_typed__level_said_and_failsafe_with_it),
      trace(dialogue__2_typed__level_said_and_normal_boot_at_the_end_of_the_window),
      trace(dialogue__other_lines_typed__nothing_is_said_and_nothing_happens),
      trace(no_failsafe__button_and_f__refusal_is_said_f_is_not_offered_and_the_boot_is_normal),
      trace(busy__press_and_release_fall_into_a_stall__failsafe_by_their_time_stamps),
      trace(busy__stall_beyond_the_end__press_in_the_window_still_counts),
      trace(busy__stall_of_seconds__one_announcement_for_it_and_back_on_the_grid),
      trace(busy__wakes_up_to_20_ms_late__rhythm_keeps_its_grid),
      trace(busy__slow_serial_console__rhythm_and_end_stay),
      trace(other_events__children_signals_and_words__change_nothing))
