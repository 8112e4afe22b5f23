#include "store/board_menu.h"

#include <stdio.h>
#include <string.h>

#include "store/board_say.h"

static bool has_mode(const struct lb_board *b, enum lb_mode mode)
{
	for (size_t i = 0; i < b->menu_mode_count; i++)
		if (b->menu_modes[i] == mode)
			return true;
	return false;
}

static void say_which(const char *instead, char what[LB_SENTENCE_MAX])
{
	size_t n = (size_t)snprintf(what, LB_SENTENCE_MAX, "must be one of");

	for (unsigned i = 1; i <= LB_MODE_COUNT; i++)
		n += (size_t)snprintf(&what[n], LB_SENTENCE_MAX - n, " \"%s\",", lb_mode_name(i));
	(void)snprintf(&what[n], LB_SENTENCE_MAX - n, " not \"%s\"", lb_board_show(instead).text);
}

static bool has_held_led(const struct lb_board *b, const char *name)
{
	for (size_t i = 0; i < b->held_led_count; i++)
		if (strcmp(b->held_leds[i], name) == 0)
			return true;
	return false;
}

static int add_held_led(struct lb_board *b, const char *name, char what[LB_SENTENCE_MAX])
{
	if (has_held_led(b, name))
		return lb_board_refuse(what, "lists \"%s\" twice: take one of them out",
				       lb_board_show(name).text);
	if (b->held_led_count == LB_HELD_LEDS_MAX)
		return lb_board_refuse(what, "must list at most %d LEDs", LB_HELD_LEDS_MAX);
	memcpy(b->held_leds[b->held_led_count++], name, strlen(name) + 1);
	return 0;
}

int lb_board_set_menu(struct lb_board *board, enum lb_board_kind kind, const char *text,
		      char what[LB_SENTENCE_MAX])
{
	const int mode = lb_mode_by_name(text);

	if (kind == LB_KIND_HELD_LED)
		return add_held_led(board, text, what);
	if (mode < 0) {
		say_which(text, what);
		return LB_E(FORMAT);
	}
	if (kind == LB_KIND_MODE) {
		board->menu_start = (enum lb_mode)mode;
		return 0;
	}
	if (has_mode(board, (enum lb_mode)mode))
		return lb_board_refuse(what, "lists \"%s\" twice: take one of them out",
				       lb_mode_name((unsigned)mode));
	board->menu_modes[board->menu_mode_count++] = (enum lb_mode)mode;
	return 0;
}

bool lb_board_starts_in_menu(const struct lb_board *board)
{
	return board->menu_mode_count == 0 || has_mode(board, board->menu_start);
}

bool lb_board_held_led_is_boot(const struct lb_board *board)
{
	return has_held_led(board, board->leds[LB_ROLE_BOOT]);
}
