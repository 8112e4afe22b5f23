/* lifeboat/gate/menu_config.h - what the board and the kernel command line make of panel/menu.h,
 * and what a person types. */
#pragma once

#include "panel/menu.h"
#include "store/board.h"

/* Of rescue_mode= and force_mode= the last ones count. An empty one is none: a boot loader writes
 * that from a variable that is not set. What is no mode of this board is said, and opens the menu
 * at its start, or forces nothing. */
struct lb_menu_config lb_menu_config(const struct lb_board *board, const char *cmdline);

struct lb_menu_text {
	char text[LB_SENTENCE_MAX];
};

/* What a mode is, on this board. */
struct lb_menu_text lb_menu_text(const struct lb_board *board, unsigned mode);

/* What a person does, or does not, while it is carried out. */
struct lb_menu_text lb_menu_advice(const struct lb_board *board, unsigned mode);

/* The number of a mode that somebody typed, blanks around it or not; 0 = that is none. */
unsigned lb_menu_typed(const char *line);
