/* store/board_internet.h - the keys of a board file about flashing from the internet. */
#pragma once

#include "base/err.h"
#include "store/board.h"
#include "store/board_keys.h"

/* Set the key of this kind: LB_KIND_URL is the address of the medkit, LB_KIND_NAME_SERVER adds one
 * server. 0, or LB_E(FORMAT) with `board` untouched and `what` the rest of a sentence that begins
 * with the key. `text` has at most the length that the key allows. */
MUST_CHECK int lb_board_set_internet(struct lb_board *board, enum lb_board_kind kind,
				     const char *text, char what[LB_SENTENCE_MAX]);

/* Does the menu offer a mode that does not know what to fetch? */
bool lb_board_lacks_url(const struct lb_board *board);
