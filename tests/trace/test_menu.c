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

static void step(enum lb_menu_event_kind kind, unsigned number)
{
	const struct lb_menu_event ev = {.kind = kind, .number = number};

	out = lb_menu_step(&menu, &ev, now_ms);
	works += out.work;
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

static void begin(const struct lb_menu_config *c, bool held)
{
	now_ms = NOW;
	up_ms = LB_MENU_NEVER;
	works = announcements = 0;
	lb_menu_open(&menu, c, held, now_ms);
	step(LB_MENU_TICK, 0);
}

/* In the middle of the time to object to the first mode of `c`. */
static void begin_asked(struct lb_menu_config c)
{
	c.hold_ms = 0;
	begin(&c, false);
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

	begin(&c, true);
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

	begin(&c, true);
	pass(NOW + 900);
	step(LB_MENU_UP, 0);
	pass(NOW + 900 + DEBOUNCE);
	assert_int_equal(out.phase, LB_MENU_BOOT);
	begin(&c, false);
	assert_int_equal(out.phase, LB_MENU_BOOT);
	assert_true(out.led);
}

static void menu__contact_chatters_while_held__still_counts(void **state)
{
	const struct lb_menu_config c = lb_menu_defaults();

	begin(&c, true);
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

	begin(&c, true);
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
	begin(&c, false);
	pass(NOW + c.lead_ms + 300);
	assert_int_equal(out.phase, LB_MENU_ANNOUNCING);
	for (unsigned i = 0; i < 3; i++) {
		press();
		pass(now_ms + 300);
	}
	assert_int_equal(out.mode, LB_MODE_REFLASH);
	assert_int_equal(announcements, 4);
}

static void press__in_the_last_and_first_millisecond_of_waiting__counts(void **state)
{
	for (unsigned late = 0; late < 2; late++) {
		struct lb_menu_config c = lb_menu_defaults();

		c.hold_ms = 0;
		begin(&c, false);
		/* Both announcements and both waits, less what makes it count. */
		pass(NOW + c.lead_ms + 2 * (1400 + c.wait_ms) - DEBOUNCE - 1 + 2 * late);
		press();
		assert_int_equal(out.mode, late ? LB_MODE_REBOOT : LB_MODE_ROLLBACK);
		assert_int_equal(works, late);
	}
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
}

static void command_line__each_word__start_or_force(void **state)
{
	static const struct {
		const char *rescue, *force;
		unsigned start;
		bool forced;
	} rows[] = {
		{NULL, NULL, 1, false}, {"0", NULL, 1, false},	{"3", NULL, 4, false},
		{"6", NULL, 7, false},	{"7", NULL, 1, false},	{"x", NULL, 1, false},
		{"", NULL, 1, false},	{"33", NULL, 1, false}, {"3", "2", 2, true},
		{NULL, "7", 7, true},	{NULL, "0", 1, false},	{"2", "8", 3, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lb_menu_config c = lb_menu_defaults();

		lb_menu_ask(&c, rows[i].rescue, rows[i].force);
		assert_int_equal(c.start, rows[i].start);
		assert_int_equal(c.forced, rows[i].forced);
	}
}

static void forced__works_without_asking(void **state)
{
	struct lb_menu_config c = lb_menu_defaults();

	lb_menu_ask(&c, NULL, "4");
	begin(&c, false);
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
	lb_menu_ask(&c, "6", "7");
	assert_int_equal(c.start, LB_MODE_REBOOT);
	assert_false(c.forced);
	c.start = LB_MODE_INTERNET;
	begin_asked(c);
	step(LB_MENU_CHOOSE, LB_MODE_SHELL);
	assert_int_equal(out.mode, LB_MODE_INTERNET);
	press();
	assert_int_equal(out.mode, LB_MODE_REBOOT);
}

/* The machine was busy for a minute. */
static void caller__late__everything_has_happened_once(void **state)
{
	begin_asked(lb_menu_defaults());
	now_ms += 60000;
	step(LB_MENU_TICK, 0);
	assert_int_equal(out.phase, LB_MENU_WORKING);
	assert_int_equal(works, 1);
}

TESTS(unit(menu__sample_scenario__every_row_as_it_is_promised),
      unit(menu__button_let_go_before_its_time__normal_boot),
      unit(menu__contact_chatters_while_held__still_counts),
      unit(menu__still_held_when_it_starts__is_no_press),
      unit(press__during_an_announcement__counts),
      unit(press__in_the_last_and_first_millisecond_of_waiting__counts),
      unit(press__chatter__is_one_press), unit(press__after_the_last_mode__first_mode),
      unit(press__while_a_mode_works__changes_nothing),
      unit(choice__on_the_console__is_announced_and_can_be_objected_to),
      unit(failure__each_code__as_many_blinks_then_normal_boot),
      unit(command_line__each_word__start_or_force), unit(forced__works_without_asking),
      unit(mode__that_the_board_does_not_have__cannot_be_reached),
      unit(caller__late__everything_has_happened_once))
