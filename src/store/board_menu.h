/* store/board_menu.h - the keys of a board file about the menu of rescue modes. */
#pragma once

#include "base/err.h"
#include "store/board.h"
#include "store/board_keys.h"

/* Set the key of this kind: LB_KIND_MODE is where the menu starts, LB_KIND_MODES adds one mode,
 * LB_KIND_HELD_LED one LED. 0, or LB_E(FORMAT) with `board` untouched and `what` the rest of a
 * sentence that begins with the key. */
MUST_CHECK int lb_board_set_menu(struct lb_board *board, enum lb_board_kind kind, const char *text,
				 char what[LB_SENTENCE_MAX]);

/* Is menu.start one of menu.modes, or is there no menu? */
bool lb_board_starts_in_menu(const struct lb_board *board);

/* Is led.boot one of led.held? */
bool lb_board_held_led_is_boot(const struct lb_board *board);
