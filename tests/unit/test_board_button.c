/* What a button of the running system does: the keys of a board file that say it. */
#include "tests/t.h"

#include <stdio.h>

#include "store/board_parse.h"
#include "tests/unit/board_text.h"

static void assert_hold(const struct lb_button *b, enum lb_action short_action,
			enum lb_action long_action, unsigned short_ms)
{
	assert_int_equal(b->short_press.action, short_action);
	assert_int_equal(b->long_press.action, long_action);
	assert_int_equal(b->short_ms, short_ms);
	assert_int_equal(b->long_ms, 5000);
	assert_int_equal(b->cancel_ms, 60000);
}

static void parse__button_without_actions__does_what_its_key_says(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b,
			       "button a { key = KEY_RESTART } button b { key = KEY_POWER }\n"
			       "button c { key = KEY_POWER2 } button d { key = KEY_WPS_BUTTON }\n"
			       "button e { key = KEY_RFKILL } button f { key = 1 }"),
			 0);
	assert_hold(&b.buttons[0], LB_ACTION_REBOOT, LB_ACTION_FACTORY_RESET, 1000);
	assert_hold(&b.buttons[1], LB_ACTION_POWEROFF, LB_ACTION_NONE, 0);
	assert_hold(&b.buttons[2], LB_ACTION_NONE, LB_ACTION_REBOOT, 1000);
	for (int i = 3; i < 6; i++)
		assert_hold(&b.buttons[i], LB_ACTION_NONE, LB_ACTION_NONE, 1000);
}

static void parse__profile_turris_mox__reboots_and_resets_at_4_s(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "profile = turris-mox button a { key = KEY_RESTART }\n"
				   "button b { key = KEY_WPS_BUTTON }"),
			 0);
	assert_int_equal(b.profile, LB_PROFILE_TURRIS_MOX);
	assert_int_equal(b.buttons[0].short_press.action, LB_ACTION_REBOOT);
	assert_int_equal(b.buttons[0].long_press.action, LB_ACTION_RESET);
	assert_int_equal(b.buttons[0].short_ms, 0);
	assert_int_equal(b.buttons[0].long_ms, 4000);
	assert_hold(&b.buttons[1], LB_ACTION_NONE, LB_ACTION_NONE, 1000);
}

static void parse__one_buttons_actions__do_not_pass_to_the_next(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "button a { short = none long_ms = 9000 key = KEY_RESTART }\n"
				   "button b { key = 1 }"),
			 0);
	assert_int_equal(b.buttons[0].short_press.action, LB_ACTION_NONE);
	assert_int_equal(b.buttons[0].long_press.action, LB_ACTION_FACTORY_RESET);
	assert_int_equal(b.buttons[0].long_ms, 9000);
	assert_hold(&b.buttons[1], LB_ACTION_NONE, LB_ACTION_NONE, 1000);
}

static void parse__action__is_a_word_or_a_command_with_its_path(void **state)
{
	char longest[LB_COMMAND_MAX + 64];

	assert_refused("button r { key = 1\nshort = restart }",
		       "b.conf:2: button.short must be \"none\", \"reboot\", \"poweroff\", "
		       "\"reset\", \"factory-reset\" or \"run:/path/of/program\", not \"restart\"");
	assert_refused("button r { key = 1 long = \"run:wps-start\" }",
		       "b.conf:1: button.long must have the absolute path of a program after "
		       "\"run:\", such as \"run:/usr/sbin/wps-start\", not \"run:wps-start\"");
	assert_refused("button r { key = 1 long = run }",
		       "b.conf:1: button.long must have the absolute path of a program after "
		       "\"run:\", such as \"run:/usr/sbin/wps-start\", not \"run\"");
	assert_refused(
		"button r { key = 1 short = factory-reset }",
		"b.conf:1: button.short must not be \"factory-reset\", or a touch of the button "
		"erases all settings: write it as \"long\"");
	assert_refused(
		"button r { key = 1 short = \"\" }",
		"b.conf:1: button.short must not be empty: give it a value or leave the line out");
	(void)snprintf(longest, sizeof(longest), "button r { key = 1 short = \"run:/%0*d\" }",
		       LB_COMMAND_MAX - 5, 0);
	assert_refused(longest, "b.conf:1: button.short must have at most 127 bytes, not 128");
}

static void parse__longest_command__fits(void **state)
{
	char text[LB_COMMAND_MAX + 64];
	struct lb_board b;

	(void)snprintf(text, sizeof(text), "button r { key = 1 short = \"run:/%0*d\" }",
		       LB_COMMAND_MAX - 6, 0);
	assert_int_equal(parse(&b, text), 0);
	assert_int_equal(strlen(b.buttons[0].short_press.command), LB_COMMAND_MAX - 5);
}

static void parse__times_of_a_hold__follow_each_other(void **state)
{
	struct lb_board b;

	assert_refused(
		"button r { key = 1\nshort_ms = 5000\n}",
		"b.conf:2: button \"r\" has short_ms 5000 and long_ms 5000: make short_ms the "
		"smaller one");
	assert_refused(
		"button r { key = 1\nlong_ms = 1000\n}",
		"b.conf:2: button \"r\" has short_ms 1000 and long_ms 1000: make short_ms the "
		"smaller one");
	assert_refused(
		"button r { key = 1\ncancel_ms = 5000\n}",
		"b.conf:2: button \"r\" has cancel_ms 5000 and long_ms 5000: make cancel_ms the "
		"larger one, or 0 for no limit");
	assert_refused(
		"button r { key = 1\nlong_ms = 60000\n}",
		"b.conf:2: button \"r\" has cancel_ms 60000 and long_ms 60000: make cancel_ms "
		"the larger one, or 0 for no limit");
	assert_refused(
		"button r { key = 1 long_ms = 499 }",
		"b.conf:1: button.long_ms must be a whole number from 500 to 60000, not \"499\"");
	assert_int_equal(parse(&b, "button r { key = 1 short_ms = 4999 cancel_ms = 5001 }"), 0);
	assert_int_equal(parse(&b, "button r { key = 1 short_ms = 0 cancel_ms = 0 }"), 0);
	assert_int_equal(b.buttons[0].cancel_ms, 0);
}

TESTS(unit(parse__button_without_actions__does_what_its_key_says),
      unit(parse__profile_turris_mox__reboots_and_resets_at_4_s),
      unit(parse__one_buttons_actions__do_not_pass_to_the_next),
      unit(parse__action__is_a_word_or_a_command_with_its_path), unit(parse__longest_command__fits),
      unit(parse__times_of_a_hold__follow_each_other))
