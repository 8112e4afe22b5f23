/* The failsafe window as a pure machine. OpenWrt's wiki promises its users: four seconds, any
 * button, "f" on the serial line, and one packet per second. Where OpenWrt itself does otherwise
 * the test says so. */
#include "tests/t.h"

#include <stdio.h>

#include "panel/led.h"
#include "panel/window.h"

#define OPENED	  7777001u /* a clock that starts at 0 hides mistakes */
#define WINDOW	  4000u
#define DEBOUNCE  30u
#define NOTES_MAX 16

static const struct lb_window_config offers = {
	.window_ms = WINDOW, .debounce_ms = DEBOUNCE, .failsafe = true};
static const struct lb_window_config refuses = {.window_ms = WINDOW, .debounce_ms = DEBOUNCE};

/* Something that a person does; times from the opening. */
struct move {
	uint64_t at_ms;
	enum lb_window_event_kind kind;
	unsigned button;
	const char *line;
};

#define DOWN(at, b)                                                         \
	{                                                                   \
		.at_ms = (at), .kind = LB_WINDOW_BUTTON_DOWN, .button = (b) \
	}
#define UP(at, b)                                                         \
	{                                                                 \
		.at_ms = (at), .kind = LB_WINDOW_BUTTON_UP, .button = (b) \
	}
#define LINE(at, text)                                                \
	{                                                             \
		.at_ms = (at), .kind = LB_WINDOW_LINE, .line = (text) \
	}

struct course {
	struct lb_window_out end;
	uint64_t over_ms;
	uint64_t announced_ms[NOTES_MAX], refused_ms[NOTES_MAX], chosen_ms[NOTES_MAX];
	unsigned announced_left[NOTES_MAX];
	size_t announced, refused, chosen;
	unsigned level;
	size_t steps;
};

static struct lb_window w;

/* What must hold for every answer, whatever was asked. */
static struct lb_window_out step(const struct lb_window_event *ev, uint64_t at_ms)
{
	struct lb_window_out out = lb_window_step(&w, ev, OPENED + at_ms);

	if (!out.over)
		assert_true(out.wake_ms > OPENED + at_ms);
	else
		assert_true(out.state == LB_STATE_FAILSAFE || out.state == LB_STATE_BOOTING);
	assert_int_equal(out.left_ms, at_ms < WINDOW ? WINDOW - at_ms : 0);
	return out;
}

static void note(uint64_t *times, size_t *count, bool happened, uint64_t at_ms)
{
	if (!happened)
		return;
	assert_true(*count < NOTES_MAX);
	times[(*count)++] = at_ms;
}

/* Play the window to its end with a caller that is never late. */
static struct course play(const struct lb_window_config *config, unsigned held,
			  const struct move *moves, size_t count)
{
	struct course c = {0};
	struct lb_window_event ev = {.kind = LB_WINDOW_TICK};
	uint64_t now = 0;
	size_t next = 0;

	lb_window_open(&w, config, held, OPENED);
	for (;;) {
		struct lb_window_out out = step(&ev, now);
		uint64_t wake = out.wake_ms - OPENED;

		if (out.announce)
			c.announced_left[c.announced % NOTES_MAX] = out.left_ms;
		note(c.announced_ms, &c.announced, out.announce, now);
		note(c.refused_ms, &c.refused, out.refused, now);
		note(c.chosen_ms, &c.chosen, out.level_chosen, now);
		assert_true(++c.steps < 2000);
		if (out.over) {
			c.end = out;
			c.over_ms = now;
			c.level = w.debug_level;
			return c;
		}
		ev = (struct lb_window_event){.kind = LB_WINDOW_TICK};
		if (next < count && moves[next].at_ms <= wake) {
			now = moves[next].at_ms;
			ev.kind = moves[next].kind;
			ev.button = moves[next].button;
			ev.line = moves[next++].line;
		} else
			now = wake;
	}
}

#define PLAY(config, held, ...)                               \
	play(&(config), (held), (struct move[]){__VA_ARGS__}, \
	     sizeof((struct move[]){__VA_ARGS__}) / sizeof(struct move))

static void assert_normal_boot(const struct course *c)
{
	assert_int_equal(c->end.state, LB_STATE_BOOTING);
	assert_int_equal(c->end.reason, LB_REASON_WINDOW_OVER);
	assert_int_equal(c->over_ms, WINDOW);
}

static void assert_failsafe(const struct course *c, enum lb_reason reason, unsigned button,
			    uint64_t at_ms)
{
	assert_int_equal(c->end.state, LB_STATE_FAILSAFE);
	assert_int_equal(c->end.reason, reason);
	assert_int_equal(c->end.button, button);
	assert_int_equal(c->over_ms, at_ms);
}

static void window__nothing_happens__normal_boot_after_exactly_4000_ms(void **state)
{
	struct course c = play(&offers, 0, NULL, 0);

	assert_normal_boot(&c);
	assert_int_equal(c.end.left_ms, 0);
	assert_int_equal(c.level, 0);
	assert_int_equal(c.refused + c.chosen, 0);
}

static void window__nothing_happens__lan_is_told_at_0_1_2_and_3_s_what_is_left(void **state)
{
	struct course c = play(&offers, 0, NULL, 0);

	assert_int_equal(c.announced, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(c.announced_ms[i], 1000 * i);
		assert_int_equal(c.announced_left[i], WINDOW - 1000 * i);
	}
	assert_int_equal(c.steps, 5); /* and nobody is woken for nothing */
}

static void window__of_another_length__ends_there(void **state)
{
	static const unsigned lengths[] = {1, 999, 1000, 1001, 1500, 60000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const struct lb_window_config config = {.window_ms = lengths[i], .failsafe = true};
		const struct lb_window_event tick = {.kind = LB_WINDOW_TICK};
		uint64_t now = OPENED;
		struct lb_window_out out;

		lb_window_open(&w, &config, 0, now);
		while (!(out = lb_window_step(&w, &tick, now)).over)
			now = out.wake_ms;
		assert_int_equal(out.reason, LB_REASON_WINDOW_OVER);
		assert_int_equal(now - OPENED, lengths[i]);
	}
}

/* OpenWrt looks at the button only when the window is over; here it acts as soon as it counts. */
static void button__each_one_pressed__failsafe_as_soon_as_it_counts(void **state)
{
	for (unsigned b = 0; b < LB_BUTTONS_MAX; b++) {
		struct course c = PLAY(offers, 0, DOWN(1500, b), UP(3000, b));

		assert_failsafe(&c, LB_REASON_BUTTON, b, 1500 + DEBOUNCE);
		assert_int_equal(c.end.left_ms, WINDOW - 1500 - DEBOUNCE);
	}
}

static void button__pressed_at_any_ms_of_the_window__failsafe(void **state)
{
	for (unsigned at = 0; at < WINDOW; at++) {
		struct course c = PLAY(offers, 0, DOWN(at, 1));

		assert_failsafe(&c, LB_REASON_BUTTON, 1, at + DEBOUNCE);
	}
}

static void button__pressed_at_the_end_or_later__normal_boot(void **state)
{
	for (unsigned late = 0; late < 100; late++) {
		struct course c = PLAY(offers, 0, DOWN(WINDOW + late, 0));

		assert_normal_boot(&c);
	}
}

static void button__touched_too_briefly_at_the_very_end__normal_boot_at_its_release(void **state)
{
	struct course c = PLAY(offers, 0, DOWN(WINDOW - 10, 0), UP(WINDOW + 10, 0));

	assert_int_equal(c.end.reason, LB_REASON_WINDOW_OVER);
	assert_int_equal(c.over_ms, WINDOW + 10);
}

static void button__chattering_across_the_end__does_not_keep_the_window_open(void **state)
{
	struct move moves[200];

	for (unsigned i = 0; i < 200; i++)
		moves[i] =
			(struct move){.at_ms = 3500 + 10 * i,
				      .kind = i % 2 ? LB_WINDOW_BUTTON_UP : LB_WINDOW_BUTTON_DOWN};
	struct course c = play(&offers, 0, moves, 200);
	assert_int_equal(c.end.reason, LB_REASON_WINDOW_OVER);
	assert_in_range(c.over_ms, WINDOW, WINDOW + DEBOUNCE);
}

/* OpenWrt loses a button that is held from power-on (its events come before anybody listens). */
static void button__each_one_held_from_power_on__failsafe_once_it_is_no_chatter(void **state)
{
	for (unsigned b = 0; b < LB_BUTTONS_MAX; b++) {
		struct course c = play(&offers, 1u << b, NULL, 0);

		assert_failsafe(&c, LB_REASON_BUTTON_HELD, b, DEBOUNCE);
	}
}

static void button__held_from_power_on_but_released_before_it_counts__normal_boot(void **state)
{
	struct course c = PLAY(offers, 1, UP(DEBOUNCE - 1, 0));

	assert_normal_boot(&c);
}

static void button__held_then_released_then_pressed__is_a_press_and_not_held(void **state)
{
	struct course c = PLAY(offers, 2, UP(10, 1), DOWN(20, 1));

	assert_failsafe(&c, LB_REASON_BUTTON, 1, 20 + DEBOUNCE);
}

static void button__held_while_another_is_pressed__the_one_that_counts_first_is_named(void **state)
{
	struct course held = PLAY(offers, 1u << 5, DOWN(1, 0));
	struct course pressed = PLAY(offers, 1u << 5, UP(29, 5), DOWN(100, 7), DOWN(101, 0));
	struct course both = PLAY(offers, 0, DOWN(100, 0), DOWN(110, 7));

	assert_failsafe(&both, LB_REASON_BUTTON, 0, 100 + DEBOUNCE);
	assert_failsafe(&held, LB_REASON_BUTTON_HELD, 5, DEBOUNCE);
	assert_failsafe(&pressed, LB_REASON_BUTTON, 7, 100 + DEBOUNCE);
}

static void button__chatters_10_ms_then_stays_down__counts_once_from_its_last_contact(void **state)
{
	struct course c = PLAY(offers, 0, DOWN(500, 0), UP(510, 0), DOWN(520, 0), UP(530, 0),
			       DOWN(540, 0), UP(550, 0), DOWN(560, 0));

	assert_failsafe(&c, LB_REASON_BUTTON, 0, 560 + DEBOUNCE);
	assert_int_equal(c.refused, 0);
}

static void button__only_chatters__normal_boot(void **state)
{
	struct move moves[398];

	for (unsigned i = 0; i < 398; i++)
		moves[i] =
			(struct move){.at_ms = 10 * i,
				      .kind = i % 2 ? LB_WINDOW_BUTTON_UP : LB_WINDOW_BUTTON_DOWN};
	struct course c = play(&offers, 0, moves, 398);
	assert_normal_boot(&c);
}

static void button__down_one_ms_less_than_the_debounce__does_not_count_and_1_ms_more_does(
	void **state)
{
	struct course less = PLAY(offers, 0, DOWN(100, 3), UP(100 + DEBOUNCE - 1, 3));
	struct course just = PLAY(offers, 0, DOWN(100, 3), UP(100 + DEBOUNCE, 3));

	assert_normal_boot(&less);
	assert_failsafe(&just, LB_REASON_BUTTON, 3, 100 + DEBOUNCE);
}

static void button__repeated_down_without_release__does_not_start_the_debounce_again(void **state)
{
	struct course c = PLAY(offers, 0, DOWN(100, 0), DOWN(110, 0), DOWN(120, 0));

	assert_failsafe(&c, LB_REASON_BUTTON, 0, 100 + DEBOUNCE);
}

static void button__without_debounce__counts_at_once(void **state)
{
	const struct lb_window_config config = {.window_ms = WINDOW, .failsafe = true};
	struct course pressed = PLAY(config, 0, DOWN(77, 2));
	struct course held = play(&config, 4, NULL, 0);

	assert_failsafe(&pressed, LB_REASON_BUTTON, 2, 77);
	assert_failsafe(&held, LB_REASON_BUTTON_HELD, 2, 0);
}

static void button__press_and_release_delivered_late_in_one_burst__counts_by_its_time_stamps(
	void **state)
{
	const struct lb_window_event tick = {.kind = LB_WINDOW_TICK};
	const struct lb_window_event down = {.kind = LB_WINDOW_BUTTON_DOWN, .button = 1};
	const struct lb_window_event up = {.kind = LB_WINDOW_BUTTON_UP, .button = 1};
	struct lb_window_out out;

	lb_window_open(&w, &offers, 0, OPENED);
	assert_false(step(&tick, 0).over);
	/* The caller was away until 3000 ms. */
	assert_false(step(&down, 500).over);
	out = step(&up, 700);
	assert_true(out.over);
	assert_int_equal(out.reason, LB_REASON_BUTTON);
	assert_int_equal(out.button, 1);
}

static void button__pressed_in_the_window_and_seen_after_its_end__counts(void **state)
{
	const struct lb_window_event tick = {.kind = LB_WINDOW_TICK};
	const struct lb_window_event down = {.kind = LB_WINDOW_BUTTON_DOWN, .button = 1};

	lb_window_open(&w, &offers, 0, OPENED);
	assert_false(step(&tick, 0).over);
	assert_false(step(&down, 3000).over);
	assert_int_equal(step(&tick, 5000).reason, LB_REASON_BUTTON);
}

static void button__that_no_board_has__is_ignored(void **state)
{
	struct course c = PLAY(offers, 0, DOWN(100, LB_BUTTONS_MAX), DOWN(200, UINT32_MAX));

	assert_normal_boot(&c);
}

static void console__f_and_enter__failsafe_at_once(void **state)
{
	struct course c = PLAY(offers, 0, LINE(1234, "f"));

	assert_failsafe(&c, LB_REASON_CONSOLE, 0, 1234);
	assert_int_equal(c.end.left_ms, WINDOW - 1234);
}

/* In OpenWrt a digit ends the window, and with it the chance of failsafe. */
static void console__digit__chooses_the_level_and_leaves_the_window_open(void **state)
{
	static const char *const digits[] = {"1", "2", "3", "4"};

	for (unsigned i = 0; i < 4; i++) {
		struct course c = PLAY(offers, 0, LINE(500, digits[i]));

		assert_normal_boot(&c);
		assert_int_equal(c.level, i + 1);
		assert_int_equal(c.chosen, 1);
		assert_int_equal(c.chosen_ms[0], 500);
		assert_int_equal(c.announced, 4);
	}
}

static void console__digit_then_f_or_button__failsafe_with_that_level(void **state)
{
	struct course typed = PLAY(offers, 0, LINE(500, "3"), LINE(900, "f"));
	struct course pressed = PLAY(offers, 0, LINE(500, "4"), DOWN(900, 0));

	assert_failsafe(&typed, LB_REASON_CONSOLE, 0, 900);
	assert_int_equal(typed.level, 3);
	assert_failsafe(&pressed, LB_REASON_BUTTON, 0, 900 + DEBOUNCE);
	assert_int_equal(pressed.level, 4);
}

static void console__two_digits_one_after_the_other__the_last_one_counts(void **state)
{
	struct course c = PLAY(offers, 0, LINE(500, "4"), LINE(600, "1"));

	assert_int_equal(c.level, 1);
	assert_int_equal(c.chosen, 2);
}

static void console__any_other_line__is_ignored(void **state)
{
	static char longest[LB_LINE_MAX];
	const char *const lines[] = {"F",  "ff", " f", "f ", "5",    "0",     "",      "12",
				     " 1", "1 ", "\t", "x",  "\x1b", "1\xff", longest, "f\r"};

	memset(longest, 'f', sizeof(longest) - 1);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct course c = PLAY(offers, 0, LINE(100, lines[i]));

		assert_normal_boot(&c);
		assert_int_equal(c.level, 0);
		assert_int_equal(c.chosen + c.refused, 0);
	}
}

static void no_failsafe__f__is_refused_each_time_and_the_boot_is_normal(void **state)
{
	struct course c = PLAY(refuses, 0, LINE(100, "f"), LINE(200, "f"), LINE(300, "2"));

	assert_normal_boot(&c);
	assert_int_equal(c.refused, 2);
	assert_int_equal(c.refused_ms[0], 100);
	assert_int_equal(c.refused_ms[1], 200);
	assert_int_equal(c.level, 2);
}

static void no_failsafe__button__is_refused_once_per_press_and_the_boot_is_normal(void **state)
{
	struct course c = PLAY(refuses, 0, DOWN(100, 0), UP(500, 0), DOWN(600, 0), DOWN(700, 1));

	assert_normal_boot(&c);
	assert_int_equal(c.refused, 3);
	assert_int_equal(c.refused_ms[0], 100 + DEBOUNCE);
	assert_int_equal(c.refused_ms[1], 600 + DEBOUNCE);
	assert_int_equal(c.refused_ms[2], 700 + DEBOUNCE);
}

static void no_failsafe__chattering_button__is_refused_once(void **state)
{
	struct course c =
		PLAY(refuses, 0, DOWN(100, 0), UP(110, 0), DOWN(120, 0), UP(130, 0), DOWN(140, 0));

	assert_normal_boot(&c);
	assert_int_equal(c.refused, 1);
	assert_int_equal(c.refused_ms[0], 140 + DEBOUNCE);
}

static void no_failsafe__button_held_from_power_on__is_refused_once(void **state)
{
	struct course c = play(&refuses, 1, NULL, 0);

	assert_normal_boot(&c);
	assert_int_equal(c.refused, 1);
	assert_int_equal(c.refused_ms[0], DEBOUNCE);
}

static void caller__late_by_seconds__lan_is_told_once_and_then_on_the_grid_again(void **state)
{
	const struct lb_window_event tick = {.kind = LB_WINDOW_TICK};
	struct lb_window_out out;

	lb_window_open(&w, &offers, 0, OPENED);
	assert_true(step(&tick, 0).announce);
	out = step(&tick, 2500);
	assert_true(out.announce);
	assert_int_equal(out.wake_ms, OPENED + 3000);
	assert_false(step(&tick, 2501).announce);
	assert_true(step(&tick, 3000).announce);
}

static uint32_t drawn(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static struct lb_window_event random_event(uint32_t *seed)
{
	static const char *const lines[] = {"1", "4", "5", "", "f"};
	struct lb_window_event ev = {.kind = (enum lb_window_event_kind)(drawn(seed) % 4),
				     .button = drawn(seed) % (LB_BUTTONS_MAX + 2)};

	/* "f" is rare, or no window lives long */
	ev.line = lines[drawn(seed) % (drawn(seed) % 8 ? 4 : 5)];
	return ev;
}

/* step() holds every answer to the rules: never woken in the past, time left never wrong. */
static void window__any_events_at_any_times__never_spins_and_always_ends(void **state)
{
	unsigned ends[2] = {0};

	for (uint32_t seed = 0; seed < 20000; seed++) {
		uint32_t random = seed;
		uint64_t now = 0;
		struct lb_window_out out;
		unsigned steps = 0;

		lb_window_open(&w, seed % 2 ? &offers : &refuses, drawn(&random) & 3, OPENED);
		do {
			struct lb_window_event ev = random_event(&random);

			out = step(&ev, now);
			now += drawn(&random) % (seed % 3 ? 60 : 2900);
			assert_true(++steps < 5000);
		} while (!out.over);
		assert_true(out.state == LB_STATE_BOOTING || seed % 2);
		ends[out.state == LB_STATE_FAILSAFE]++;
	}
	assert_true(ends[0] > 1000 && ends[1] > 1000);
}

TESTS(unit(window__nothing_happens__normal_boot_after_exactly_4000_ms),
      unit(window__nothing_happens__lan_is_told_at_0_1_2_and_3_s_what_is_left),
      unit(window__of_another_length__ends_there),
      unit(button__each_one_pressed__failsafe_as_soon_as_it_counts),
      unit(button__pressed_at_any_ms_of_the_window__failsafe),
      unit(button__pressed_at_the_end_or_later__normal_boot),
      unit(button__touched_too_briefly_at_the_very_end__normal_boot_at_its_release),
      unit(button__chattering_across_the_end__does_not_keep_the_window_open),
      unit(button__each_one_held_from_power_on__failsafe_once_it_is_no_chatter),
      unit(button__held_from_power_on_but_released_before_it_counts__normal_boot),
      unit(button__held_then_released_then_pressed__is_a_press_and_not_held),
      unit(button__held_while_another_is_pressed__the_one_that_counts_first_is_named),
      unit(button__chatters_10_ms_then_stays_down__counts_once_from_its_last_contact),
      unit(button__only_chatters__normal_boot),
      unit(button__down_one_ms_less_than_the_debounce__does_not_count_and_1_ms_more_does),
      unit(button__repeated_down_without_release__does_not_start_the_debounce_again),
      unit(button__without_debounce__counts_at_once),
      unit(button__press_and_release_delivered_late_in_one_burst__counts_by_its_time_stamps),
      unit(button__pressed_in_the_window_and_seen_after_its_end__counts),
      unit(button__that_no_board_has__is_ignored), unit(console__f_and_enter__failsafe_at_once),
      unit(console__digit__chooses_the_level_and_leaves_the_window_open),
      unit(console__digit_then_f_or_button__failsafe_with_that_level),
      unit(console__two_digits_one_after_the_other__the_last_one_counts),
      unit(console__any_other_line__is_ignored),
      unit(no_failsafe__f__is_refused_each_time_and_the_boot_is_normal),
      unit(no_failsafe__button__is_refused_once_per_press_and_the_boot_is_normal),
      unit(no_failsafe__chattering_button__is_refused_once),
      unit(no_failsafe__button_held_from_power_on__is_refused_once),
      unit(caller__late_by_seconds__lan_is_told_once_and_then_on_the_grid_again),
      unit(window__any_events_at_any_times__never_spins_and_always_ends))
