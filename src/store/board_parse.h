/* store/board_parse.h - board files for who wants more than lb_board_load() gives. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "store/board.h"
#include "store/board_keys.h"

/* Where the values came from. Lines count from 1; 0 = the file does not have the key. */
struct lb_board_lines {
	unsigned key[LB_BOARD_KEY_COUNT]; /* of a list: its first port; not for buttons and slots */
	unsigned button[LB_BUTTONS_MAX];  /* of the button's "key" */
	unsigned slot[LB_SLOTS_MAX];	  /* of the slot's "root" */
};

/* As lb_board_load(); `lines` may be NULL. */
MUST_CHECK int lb_board_load_lines(struct lb_board *out, struct lb_board_lines *lines,
				   const char *path, char why[LB_SENTENCE_MAX]);

/* The same for n bytes that were read already; `path` is only named in the sentence. 0,
 * LB_E(FORMAT), or LB_E(NOSPC) when there is no memory. Not for two threads at once: libConfuse's
 * lexer is global. */
MUST_CHECK int lb_board_parse(struct lb_board *out, struct lb_board_lines *lines, const void *text,
			      size_t n, const char *path, char why[LB_SENTENCE_MAX]);
