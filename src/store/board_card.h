/* store/board_card.h - the keys of a board file about the partitions of the router's card. */
#pragma once

#include "base/err.h"
#include "store/board.h"
#include "store/board_keys.h"

/* Set the key of this kind: LB_KIND_CARD_TABLE, or LB_KIND_CARD_PART, which adds one. 0, or
 * LB_E(FORMAT) with `board` untouched and `what` the rest of a sentence that begins with the key.
 */
MUST_CHECK int lb_board_set_card(struct lb_board *board, enum lb_board_kind kind, const char *text,
				 char what[LB_SENTENCE_MAX]);

/* What is wrong with all of the section, as a sentence; NULL = nothing, or there is none. */
const char *lb_board_card_wrong(const struct lb_board *board);

/* The number of the card's partition that a place such as storage.root means: by its name, or as
 * the node that the kernel gives it. 0 = it is none of them. */
unsigned lb_board_card_number(const struct lb_board *board, const char *place);

/* Is the place of the recovery record by its look one of the card, but none of the partitions that
 * a new table gives it? Another disk may have it: that is no mistake. */
bool lb_board_card_lacks_record(const struct lb_board *board);
