/* The menu of rescue modes on a virtual clock. The LED is recorded as a strip, a character for each
 * 100 ms: '#' on, '.' off. */
#include "tests/t.h"

#include <stdio.h>

#include "panel/menu.h"

#define NOW	 5000u
#define DEBOUNCE 20u

static struct lb_menu menu;
static struct lb_menu_out out;
static uint64_t now_ms, up_ms; /* the button goes up again by itself then */
static unsigned works, announcements;
static bool stuck;

static void step(enum lb_menu_event_kind kind, unsigned number)
{
	const struct lb_menu_event ev = {.kind = kind, .number = number};

	out = lb_menu_step(&menu, &ev, now_ms);
	works += out.work;
	stuck = stuck || out.stuck;
	announcements += out.announced;
	assert_true(out.wake_ms > now_ms); /* or the caller would spin */
}

/* As a caller does it: every wake-up is kept. */
static void pass(uint64_t until_ms)
{
	while (out.wake_ms <= until_ms || up_ms <= until_ms) {
		const bool up = up_ms <= out.wake_ms;

		now_ms = up ? up_ms : out.wake_ms;
		if (up)
			up_ms = LB_MENU_NEVER;
		step(up ? LB_MENU_UP : LB_MENU_TICK, 0);
	}
	now_ms = until_ms;
}

static void begin(const struct lb_menu_config *c, unsigned held)
{
	now_ms = NOW;
	up_ms = LB_MENU_NEVER;
	works = announcements = 0;
	stuck = false;
	lb_menu_open(&menu, c, held, now_ms);
	step(LB_MENU_TICK, 0);
}

/* In the middle of the time to object to the first mode of `c`. */
static void begin_asked(struct lb_menu_config c)
{
	c.hold_ms = 0;
	begin(&c, 0);
	pass(now_ms + c.lead_ms + 1000 + c.start * 400 + 1000);
	assert_int_equal(out.phase, LB_MENU_WAITING);
}

/* A short press; the time stands where it counts. */
static void press(void)
{
	step(LB_MENU_DOWN, 0);
	up_ms = now_ms + 150;
	pass(now_ms + DEBOUNCE);
}

static char ports[200]; /* the strip of the other LEDs, of the same time */

static const char *strip(unsigned ms)
{
	static char text[sizeof(ports)];
	const uint64_t start = now_ms;
	unsigned n = 0;

	assert_true(ms / 100 < sizeof(text));
	for (; n < ms / 100; n++) {
		pass(start + n * 100 + 50);
		text[n] = out.led ? '#' : '.';
		ports[n] = out.held_led ? '#' : '.';
	}
	ports[n] = '\0';
	text[n] = '\0';
	pass(start + ms);
	return text;
}

#define ON_3S	"##############################"
#define BLINK_1 ".......##....."
#define BLINK_2 ".......##..##....."
#define BLINK_3 ".......##..##..##....."
#define BLINK_4 ".......##..##..##..##....."

/* The "sample scenario" of the page "Rescue modes" of the Turris MOX manual, row by row. */
static void menu__sample_scenario__every_row_as_it_is_promised(void **state)
{
	const struct lb_menu_config c = lb_menu_defaults();

	begin(&c, 1);
	assert_string_equal(strip(1000), "##########"); /* hold: I know, you can release it now */
	assert_string_equal(ports, "..........");
	assert_string_equal(strip(300), "...");
	assert_string_equal(ports, "#.#"); /* of the Ethernet ports */
	step(LB_MENU_UP, 0);
	assert_string_equal(strip(2000), "...................."); /* starting kernel */
	assert_string_equal(ports, ".#.#.#.#.#.#.#.#.#.#");
	step(LB_MENU_READY, 0);
	assert_string_equal(strip(1000), "##########"); /* prepare for announcements */
	assert_string_equal(ports, "..........");
	assert_string_equal(strip(1400), BLINK_1); /* mode one: do you like it? */
	assert_int_equal(out.mode, LB_MODE_REBOOT);
	assert_string_equal(strip(1000), "##########"); /* waiting for your opinion */
	press();
	assert_string_equal(strip(1800), BLINK_2); /* what about mode two? */
	assert_string_equal(strip(500), "#####");
	press();
	assert_string_equal(strip(2200), BLINK_3); /* what about mode three? */
	assert_string_equal(strip(3000), ON_3S);   /* missed it: wait */
	assert_string_equal(strip(2200), BLINK_3); /* the last warning */
	assert_string_equal(strip(2900), &ON_3S[1]);
	press();
	assert_string_equal(strip(2600), BLINK_4); /* mode four: do you like it? */
	assert_string_equal(strip(3000), ON_3S);
	assert_string_equal(strip(2600), BLINK_4); /* second announcement */
	assert_string_equal(strip(3000), ON_3S);
	assert_int_equal(works, 1);
	assert_int_equal(out.mode, LB_MODE_REFLASH);
	assert_int_equal(out.phase, LB_MENU_WORKING);
	assert_string_equal(strip(3000), "#####.....#####.....#####....."); /* time's up */
	assert_string_equal(ports, "..............................");
	assert_int_equal(works, 1);
}

static void menu__button_let_go_before_its_time__normal_boot(void **state)
{
	const struct lb_menu_config c = lb_menu_defaults();

	begin(&c, 1);
	pass(NOW + 900);
	step(LB_MENU_UP, 0);
	pass(NOW + 900 + DEBOUNCE);
	assert_int_equal(out.phase, LB_MENU_BOOT);
	begin(&c, 0);
	assert_int_equal(out.phase, LB_MENU_BOOT);
	assert_true(out.led);
}

/* The kernel tells what is down when the device is opened. */
static void menu__told_twice_and_let_go_at_once__a_normal_boot(void **state)
{
	const struct lb_menu_config c = lb_menu_defaults();

	begin(&c, 1);
	step(LB_MENU_DOWN, 0);
	pass(NOW + DEBOUNCE / 2);
	step(LB_MENU_UP, 0);
	pass(NOW + DEBOUNCE * 2);
	assert_int_equal(out.phase, LB_MENU_BOOT);
	assert_false(out.stuck);
}

static void menu__contact_chatters_while_held__still_counts(void **state)
{
	const struct lb_menu_config c = lb_menu_defaults();

	begin(&c, 1);
	pass(NOW + 500);
	step(LB_MENU_UP, 0);
	pass(NOW + 500 + DEBOUNCE - 1);
	step(LB_MENU_DOWN, 0);
	pass(NOW + 1000);
	assert_int_equal(out.phase, LB_MENU_STARTING);
}

static void menu__still_held_when_it_starts__is_no_press(void **state)
{
	const struct lb_menu_config c = lb_menu_defaults();

	begin(&c, 1);
	pass(NOW + 3000);
	step(LB_MENU_READY, 0);
	pass(NOW + 3000 + 1000 + 1400 + 100);
	assert_int_equal(out.phase, LB_MENU_WAITING);
	assert_int_equal(out.mode, LB_MODE_REBOOT);
	step(LB_MENU_UP, 0);
	pass(now_ms + 500);
	press();
	assert_int_equal(out.mode, LB_MODE_ROLLBACK);
}

static void press__during_an_announcement__counts(void **state)
{
	struct lb_menu_config c = lb_menu_defaults();

	c.hold_ms = 0;
	begin(&c, 0);
	pass(NOW + c.lead_ms + 300);
	assert_int_equal(out.phase, LB_MENU_ANNOUNCING);
	for (unsigned i = 0; i < 3; i++) {
		press();
		pass(now_ms + 300);
	}
	assert_int_equal(out.mode, LB_MODE_REFLASH);
	assert_int_equal(announcements, 4);
}

/* A press counts by when it begins, although it is certain only later. */
static void press__in_the_last_and_first_millisecond_of_waiting__counts_by_its_begin(void **state)
{
	for (unsigned late = 0; late < 2; late++) {
		struct lb_menu_config c = lb_menu_defaults();

		c.hold_ms = 0;
		begin(&c, 0);
		pass(NOW + c.lead_ms + 2 * (1400 + c.wait_ms) - 1 + late);
		press();
		assert_int_equal(out.mode, late ? LB_MODE_REBOOT : LB_MODE_ROLLBACK);
		assert_int_equal(works, late);
	}
}

static void press__at_each_edge_between_announcement_and_waiting__counts_once(void **state)
{
	const struct lb_menu_config c = lb_menu_defaults();
	const unsigned edges_ms[] = {1400, 1400 + 3000, 2 * 1400 + 3000, 2 * (1400 + 3000)};

	for (size_t i = 0; i < sizeof(edges_ms) / sizeof(edges_ms[0]); i++)
		for (unsigned before_ms = 1; before_ms <= DEBOUNCE + 2; before_ms++) {
			struct lb_menu_config sensed = c;

			sensed.hold_ms = 0;
			begin(&sensed, 0);
			pass(NOW + c.lead_ms + edges_ms[i] - before_ms);
			press();
			assert_int_equal(out.mode, LB_MODE_ROLLBACK);
			pass(now_ms + 1800 + 500);
			assert_int_equal(out.phase, LB_MENU_WAITING);
			assert_int_equal(out.mode, LB_MODE_ROLLBACK);
			assert_int_equal(works, 0);
		}
}

/* A touch that is no press does not keep the mode from its time. */
static void chatter__over_the_end_of_waiting__mode_is_carried_out(void **state)
{
	struct lb_menu_config c = lb_menu_defaults();

	c.hold_ms = 0;
	begin(&c, 0);
	pass(NOW + c.lead_ms + 2 * (1400 + c.wait_ms) - 3);
	step(LB_MENU_DOWN, 0);
	pass(now_ms + DEBOUNCE - 1);
	assert_int_equal(out.phase, LB_MENU_WAITING);
	step(LB_MENU_UP, 0);
	assert_int_equal(out.phase, LB_MENU_WORKING);
	assert_int_equal(out.mode, LB_MODE_REBOOT);
	assert_int_equal(works, 1);
}

static void press__twice_quickly__two_modes_on(void **state)
{
	begin_asked(lb_menu_defaults());
	for (unsigned i = 0; i < 2; i++) {
		step(LB_MENU_DOWN, 0);
		pass(now_ms + 60);
		step(LB_MENU_UP, 0);
		pass(now_ms + 40);
	}
	assert_int_equal(out.mode, LB_MODE_FACTORY);
	assert_string_equal(strip(300), "...");
}

static void press__held_on__is_one_press_and_nothing_is_lost(void **state)
{
	begin_asked(lb_menu_defaults());
	step(LB_MENU_DOWN, 0);
	pass(now_ms + 60000);
	assert_int_equal(out.mode, LB_MODE_ROLLBACK); /* somebody chose it */
	assert_int_equal(works, 1);
}

static void press__release_was_lost__the_next_one_counts(void **state)
{
	begin_asked(lb_menu_defaults());
	press();
	up_ms = LB_MENU_NEVER;
	pass(now_ms + 1000);
	press();
	assert_int_equal(out.mode, LB_MODE_FACTORY);
}

static void press__before_the_first_announcement__is_none(void **state)
{
	const struct lb_menu_config c = lb_menu_defaults();

	begin(&c, 1);
	pass(NOW + 1100);
	step(LB_MENU_UP, 0);
	pass(now_ms + 100);
	press();
	pass(now_ms + 300);
	step(LB_MENU_READY, 0);
	pass(now_ms + 300);
	press();
	pass(now_ms + 1000);
	assert_int_equal(out.phase, LB_MENU_ANNOUNCING);
	assert_int_equal(out.mode, LB_MODE_REBOOT);
}

/* It, or something that leans on it, would reset the router to factory at every power-on where
 * that is what the menu starts with. */
static void stuck__from_power_on__no_mode_but_a_normal_boot(void **state)
{
	struct lb_menu_config c = lb_menu_defaults();

	c.start = LB_MODE_FACTORY;
	for (unsigned sensed = 0; sensed < 2; sensed++) {
		c.hold_ms = sensed ? 0 : 1000; /* by a boot loader */
		begin(&c, 1);
		pass(NOW + 2000);
		step(LB_MENU_READY, 0);
		pass(NOW + 60000);
		assert_int_equal(works, 0);
		assert_int_equal(out.phase, LB_MENU_BOOT);
		assert_true(stuck);
		assert_int_equal(announcements, 2);
	}
}

static void stuck__and_a_mode_is_typed_or_another_button_pressed__carried_out(void **state)
{
	struct lb_menu_config c = lb_menu_defaults();

	c.hold_ms = 0;
	for (unsigned typed = 0; typed < 2; typed++) {
		begin(&c, 1 << 2);
		pass(NOW + 3000);
		step(typed ? LB_MENU_CHOOSE : LB_MENU_DOWN, typed ? LB_MODE_ROLLBACK : 0);
		pass(now_ms + 100);
		step(typed ? LB_MENU_TICK : LB_MENU_UP, 0);
		pass(now_ms + 60000);
		assert_int_equal(out.mode, LB_MODE_ROLLBACK);
		assert_int_equal(works, 1);
	}
	assert_true(lb_menu_ask(&c, NULL, "3")); /* nobody is asked */
	begin(&c, 1);
	pass(NOW + c.lead_ms);
	assert_int_equal(works, 1);
}

static void buttons__several__each_for_itself(void **state)
{
	const struct lb_menu_config c = lb_menu_defaults();

	begin(&c, 1 | 1 << 3);
	pass(NOW + 500);
	step(LB_MENU_UP, 3);
	pass(NOW + 1000);
	assert_int_equal(out.phase, LB_MENU_STARTING); /* the other one is held */
	step(LB_MENU_UP, 0);
	step(LB_MENU_READY, 0);
	pass(now_ms + c.lead_ms + 300);
	step(LB_MENU_DOWN, 3);
	pass(now_ms + 10);
	step(LB_MENU_DOWN, 0);
	pass(now_ms + 200);
	assert_int_equal(out.mode, LB_MODE_FACTORY);
	step(LB_MENU_DOWN, LB_BUTTONS_MAX);
	pass(now_ms + 200);
	assert_int_equal(out.mode, LB_MODE_FACTORY);
}

static void press__chatter__is_one_press(void **state)
{
	begin_asked(lb_menu_defaults());
	step(LB_MENU_DOWN, 0);
	pass(now_ms + 5);
	step(LB_MENU_UP, 0);
	pass(now_ms + 5);
	assert_int_equal(out.mode, LB_MODE_REBOOT);
	step(LB_MENU_DOWN, 0);
	pass(now_ms + 200);
	assert_int_equal(out.mode, LB_MODE_ROLLBACK);
	step(LB_MENU_UP, 0);
	pass(now_ms + 5);
	step(LB_MENU_DOWN, 0);
	pass(now_ms + 200);
	assert_int_equal(out.mode, LB_MODE_ROLLBACK);
}

static void press__after_the_last_mode__first_mode(void **state)
{
	struct lb_menu_config c = lb_menu_defaults();

	c.start = LB_MODE_FACTORY; /* Turris Shield: 3-4-5-6-7-1-2 */
	begin_asked(c);
	for (unsigned i = 0; i < LB_MODE_COUNT; i++) {
		assert_int_equal(out.mode, (LB_MODE_FACTORY - 1 + i) % LB_MODE_COUNT + 1);
		press();
		pass(now_ms + 300);
	}
	assert_int_equal(out.mode, LB_MODE_FACTORY);
}

static void press__while_a_mode_works__changes_nothing(void **state)
{
	begin_asked(lb_menu_defaults());
	pass(now_ms + 20000);
	assert_int_equal(out.phase, LB_MENU_WORKING);
	for (unsigned i = 0; i < 3; i++) {
		press();
		pass(now_ms + 3000);
	}
	step(LB_MENU_CHOOSE, LB_MODE_SHELL);
	assert_int_equal(out.phase, LB_MENU_WORKING);
	assert_int_equal(out.mode, LB_MODE_REBOOT);
	assert_int_equal(works, 1);
	step(LB_MENU_DONE, 0);
	assert_int_equal(out.phase, LB_MENU_REBOOT);
}

static void choice__on_the_console__is_announced_and_can_be_objected_to(void **state)
{
	begin_asked(lb_menu_defaults());
	step(LB_MENU_CHOOSE, LB_MODE_SHELL);
	assert_int_equal(out.phase, LB_MENU_ANNOUNCING);
	assert_int_equal(out.mode, LB_MODE_SHELL);
	pass(now_ms + 5000);
	press();
	assert_int_equal(out.mode, LB_MODE_REBOOT);
	step(LB_MENU_CHOOSE, 8);
	step(LB_MENU_CHOOSE, 0);
	assert_int_equal(out.mode, LB_MODE_REBOOT);
}

/* The list is on the console by then. */
static void choice__before_the_first_announcement__is_announced_at_once(void **state)
{
	struct lb_menu_config c = lb_menu_defaults();

	c.hold_ms = 0;
	begin(&c, 0);
	pass(NOW + 100);
	step(LB_MENU_CHOOSE, LB_MODE_SSH);
	assert_int_equal(out.phase, LB_MENU_ANNOUNCING);
	assert_int_equal(out.mode, LB_MODE_SSH);
	assert_true(lb_menu_ask(&c, NULL, "2"));
	begin(&c, 0);
	step(LB_MENU_CHOOSE, LB_MODE_SSH);
	pass(NOW + c.lead_ms);
	assert_int_equal(out.mode, LB_MODE_ROLLBACK);
	assert_int_equal(works, 1);
}

static void failure__each_code__as_many_blinks_then_normal_boot(void **state)
{
	struct lb_menu_config c = lb_menu_defaults();

	c.back_ms = 60000;
	begin_asked(c);
	pass(now_ms + 20000);
	step(LB_MENU_FAILED, LB_FAILURE_STORAGE);
	assert_string_equal(strip(3500), "..........##..##..##...............");
	assert_string_equal(strip(3500), "..........##..##..##...............");
	press();
	assert_int_equal(out.phase, LB_MENU_SHOWING);
	pass(now_ms + 60000);
	assert_int_equal(out.phase, LB_MENU_BOOT);
	c.back_ms = 0;
	begin_asked(c);
	pass(now_ms + 20000);
	step(LB_MENU_FAILED, LB_FAILURE_NETWORK);
	pass(now_ms + 3600 * 1000);
	assert_int_equal(out.phase, LB_MENU_SHOWING);
	c.back_ms = 60000; /* to which nothing could be booted */
	begin_asked(c);
	pass(now_ms + 20000);
	step(LB_MENU_STRANDED, LB_FAILURE_STORAGE);
	pass(now_ms + 3600 * 1000);
	assert_int_equal(out.phase, LB_MENU_SHOWING);
}

static void command_line__each_word__start_or_force(void **state)
{
	static const struct {
		const char *rescue, *force;
		unsigned start;
		bool forced, is_wrong;
	} rows[] = {
		{NULL, NULL, 1, false, false}, {"0", NULL, 1, false, false},
		{"3", NULL, 4, false, false},  {"6", NULL, 7, false, false},
		{"7", NULL, 1, false, true},   {"x", NULL, 1, false, true},
		{"", NULL, 1, false, true},    {"33", NULL, 1, false, true},
		{"-1", NULL, 1, false, true},  {"1", "-2", 2, false, true},
		{"3", "2", 2, true, false},    {NULL, "7", 7, true, false},
		{NULL, "0", 1, false, true},   {"2", "8", 3, false, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lb_menu_config c = lb_menu_defaults();

		assert_int_equal(lb_menu_ask(&c, rows[i].rescue, rows[i].force), !rows[i].is_wrong);
		assert_int_equal(c.start, rows[i].start);
		assert_int_equal(c.forced, rows[i].forced);
	}
}

static void forced__works_without_asking(void **state)
{
	struct lb_menu_config c = lb_menu_defaults();

	assert_true(lb_menu_ask(&c, NULL, "4"));
	begin(&c, 0);
	pass(NOW + c.lead_ms);
	assert_int_equal(out.phase, LB_MENU_WORKING);
	assert_int_equal(out.mode, LB_MODE_REFLASH);
	assert_int_equal(announcements, 0);
	assert_int_equal(works, 1);
}

static void mode__that_the_board_does_not_have__cannot_be_reached(void **state)
{
	struct lb_menu_config c = lb_menu_defaults();

	c.next[LB_MODE_SHELL] = 0;
	c.next[LB_MODE_INTERNET] = LB_MODE_REBOOT;
	assert_false(lb_menu_ask(&c, "6", "7"));
	assert_int_equal(c.start, LB_MODE_REBOOT);
	assert_false(c.forced);
	c.start = LB_MODE_INTERNET;
	begin_asked(c);
	step(LB_MENU_CHOOSE, LB_MODE_SHELL);
	assert_int_equal(out.mode, LB_MODE_INTERNET);
	press();
	assert_int_equal(out.mode, LB_MODE_REBOOT);
}

/* The machine was busy for a minute: nobody could see or object to anything meanwhile. */
static void caller__late__nothing_is_carried_out_that_was_not_announced(void **state)
{
	const struct lb_menu_config c = lb_menu_defaults();

	begin_asked(c);
	now_ms += 60000;
	step(LB_MENU_TICK, 0);
	assert_string_equal(strip(1400), BLINK_1);
	assert_int_equal(works, 0);
	now_ms += 60000;
	step(LB_MENU_TICK, 0);
	assert_int_equal(works, 1); /* the light was on, as it was to be */
	begin_asked(c);
	pass(now_ms + 2000 + 100);
	assert_int_equal(out.phase, LB_MENU_ANNOUNCING);
	now_ms += 60000;
	step(LB_MENU_TICK, 0);
	assert_string_equal(strip(3000), ON_3S);
	assert_int_equal(works, 1);
}

/* Its time stamp tells that it was in time. */
static void caller__late_and_a_press_meanwhile__counts(void **state)
{
	begin_asked(lb_menu_defaults());
	pass(now_ms + 2000 + 1400 + 2000);
	step(LB_MENU_DOWN, 0); /* known after a minute only */
	now_ms += 150;
	step(LB_MENU_UP, 0);
	now_ms += 60000;
	step(LB_MENU_TICK, 0);
	assert_int_equal(out.mode, LB_MODE_ROLLBACK);
	assert_int_equal(works, 0);
}

TESTS(unit(menu__sample_scenario__every_row_as_it_is_promised),
      unit(menu__button_let_go_before_its_time__normal_boot),
      unit(menu__told_twice_and_let_go_at_once__a_normal_boot),
      unit(menu__contact_chatters_while_held__still_counts),
      unit(menu__still_held_when_it_starts__is_no_press),
      unit(press__during_an_announcement__counts),
      unit(press__in_the_last_and_first_millisecond_of_waiting__counts_by_its_begin),
      unit(press__at_each_edge_between_announcement_and_waiting__counts_once),
      unit(chatter__over_the_end_of_waiting__mode_is_carried_out),
      unit(press__twice_quickly__two_modes_on),
      unit(press__held_on__is_one_press_and_nothing_is_lost),
      unit(press__release_was_lost__the_next_one_counts),
      unit(press__before_the_first_announcement__is_none),
      unit(stuck__from_power_on__no_mode_but_a_normal_boot),
      unit(stuck__and_a_mode_is_typed_or_another_button_pressed__carried_out),
      unit(buttons__several__each_for_itself), unit(press__chatter__is_one_press),
      unit(press__after_the_last_mode__first_mode),
      unit(press__while_a_mode_works__changes_nothing),
      unit(choice__on_the_console__is_announced_and_can_be_objected_to),
      unit(choice__before_the_first_announcement__is_announced_at_once),
      unit(failure__each_code__as_many_blinks_then_normal_boot),
      unit(command_line__each_word__start_or_force), unit(forced__works_without_asking),
      unit(mode__that_the_board_does_not_have__cannot_be_reached),
      unit(caller__late__nothing_is_carried_out_that_was_not_announced),
      unit(caller__late_and_a_press_meanwhile__counts))
