#include "tests/unit/board_text.h"

static void menu__not_in_the_file__there_is_none(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "menu { start = factory wait_seconds = 2 }"), 0);
	assert_int_equal(b.menu_mode_count, 0);
}

static void menu__every_key__reaches_its_field(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "menu { modes = {factory, reboot} start = factory\n"
				   "hold_ms = 2000 wait_seconds = 5 back_seconds = 0 }"),
			 0);
	assert_int_equal(b.menu_mode_count, 2);
	assert_int_equal(b.menu_modes[0], LB_MODE_FACTORY);
	assert_int_equal(b.menu_modes[1], LB_MODE_REBOOT);
	assert_int_equal(b.menu_start, LB_MODE_FACTORY);
	assert_int_equal(b.menu_hold_ms, 2000);
	assert_int_equal(b.menu_wait_ms, 5000);
	assert_int_equal(b.menu_back_ms, 0);
	assert_int_equal(parse(&b, "menu { modes = rollback start = rollback }"), 0);
	assert_int_equal(b.menu_hold_ms, 1000);
	assert_int_equal(b.menu_wait_ms, 3000);
	assert_int_equal(b.menu_back_ms, 300000);
	assert_int_equal(b.menu_hang_ms, 900000);
	assert_int_equal(b.menu_ssh_idle_ms, 1800000);
	assert_int_equal(parse(&b, "menu { modes = {reboot, ssh} ssh_idle_seconds = 10 }"), 0);
	assert_int_equal(b.menu_modes[1], LB_MODE_SSH);
	assert_int_equal(b.menu_ssh_idle_ms, 10000);
}

static void held_leds__one_or_more__reach_their_field(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "led { boot = g held = {\"l:1\", \"l:2\"} }"), 0);
	assert_int_equal(b.held_led_count, 2);
	assert_string_equal(b.held_leds[0], "l:1");
	assert_string_equal(b.held_leds[1], "l:2");
	assert_int_equal(parse(&b, "led { held = one }"), 0);
	assert_int_equal(b.held_led_count, 1);
	assert_int_equal(parse(&b, ""), 0);
	assert_int_equal(b.held_led_count, 0);
}

static void held_leds__wrong_ones__one_sentence_says_what_to_write(void **state)
{
	assert_refused("led { held = {a, b, a} }",
		       "b.conf:1: led.held lists \"a\" twice: take one of them out");
	assert_refused("led { held = {\"a/b\"} }",
		       "b.conf:1: led.held must be a name below /sys/class/leds such as "
		       "\"green:status\", not \"a/b\"");
	assert_refused("led {\nheld = {a, g}\nboot = g }",
		       "b.conf:2: led.held lists \"g\", which led.boot is too: that one is dark "
		       "then, take it out");
	assert_refused("led { held = {a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q} }",
		       "b.conf:1: led.held must list at most 16 LEDs");
}

static void reflash__every_key__reaches_its_field(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "menu { modes = reflash start = reflash }"), 0);
	assert_int_equal(b.menu_start, LB_MODE_REFLASH);
	assert_int_equal(b.reflash_wait_ms, 30000);
	assert_int_equal(parse(&b, "reflash { wait_seconds = 90 }"), 0);
	assert_int_equal(b.reflash_wait_ms, 90000);
}

static void menu__wrong_values__one_sentence_says_what_to_write(void **state)
{
	assert_refused("menu { modes = {reboot, jump} }",
		       "b.conf:1: menu.modes must be one of \"reboot\", \"rollback\", \"factory\", "
		       "\"reflash\", \"ssh\", \"internet\", \"shell\", not \"jump\"");
	assert_refused(
		"menu { start = 1 }",
		"b.conf:1: menu.start must be one of \"reboot\", \"rollback\", \"factory\", \"reflash\", \"ssh\", "
		"\"internet\", \"shell\", not \"1\"");
	assert_refused("menu { modes = {reboot, factory, reboot} }",
		       "b.conf:1: menu.modes lists \"reboot\" twice: take one of them out");
	assert_refused(
		"menu {\nmodes = {rollback} }",
		"b.conf:2: menu.start is \"reboot\", which menu.modes does not list: set it to "
		"one that is there");
	assert_refused(
		"menu {\nmodes = {reboot}\nstart = factory }",
		"b.conf:3: menu.start is \"factory\", which menu.modes does not list: set it to "
		"one that is there");
}

TESTS(unit(menu__not_in_the_file__there_is_none), unit(menu__every_key__reaches_its_field),
      unit(held_leds__one_or_more__reach_their_field),
      unit(held_leds__wrong_ones__one_sentence_says_what_to_write),
      unit(reflash__every_key__reaches_its_field),
      unit(menu__wrong_values__one_sentence_says_what_to_write))
