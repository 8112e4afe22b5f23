/* store/board_service.h - the key of a board file that says which services must be there. */
#pragma once

#include "base/err.h"
#include "store/board.h"
#include "store/board_keys.h"

/* Add one service. 0, or LB_E(FORMAT) with `board` untouched and `what` the rest of a sentence that
 * begins with the key. `text` has at most the length that the key allows. */
MUST_CHECK int lb_board_add_service(struct lb_board *board, enum lb_board_kind kind,
				    const char *text, char what[LB_SENTENCE_MAX]);
