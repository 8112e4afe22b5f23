/* store/board_store.h - the keys of a board file about what is left to others: the state of the
 * slots, the watchdog, PID 1. */
#pragma once

#include "base/err.h"
#include "store/board.h"
#include "store/board_keys.h"

/* Set the key of this kind: LB_KIND_SLOT_STORE, LB_KIND_SLOT_SCHEME, LB_KIND_HANDOVER,
 * LB_KIND_TAKEOVER, or LB_KIND_ENV_PLACE, which adds one. 0, or LB_E(FORMAT) with `board` untouched
 * and `what` the rest of a sentence that begins with the key. */
MUST_CHECK int lb_board_set_store(struct lb_board *board, enum lb_board_kind kind, const char *text,
				  char what[LB_SENTENCE_MAX]);
