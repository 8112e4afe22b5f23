/* store/board_value.h - one value of a board file: its text in, the field of the board out. */
#pragma once

#include "base/err.h"
#include "store/board.h"
#include "store/board_keys.h"

/* What sections with a name are read into, one at a time. */
struct lb_board_named {
	struct lb_button button;
	struct lb_slot_place slot;
};

/* Set one key; for a list: add one entry. Keys of the sections "button" and "slot" go to `named`,
 * the others to `board` (NULL will do for the first). 0, or LB_E(FORMAT) with both untouched and
 * `why` a sentence without the place.
 */
MUST_CHECK int lb_board_set(struct lb_board *board, struct lb_board_named *named,
			    enum lb_board_key_id id, const char *text, char why[LB_SENTENCE_MAX]);
