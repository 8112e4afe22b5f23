/* lifeboat/board_notes.h - what of a board file may be meant so, and as a rule is not. */
#pragma once

#include "lifeboat/board_machine.h"
#include "store/board.h"

/* Each note goes to `found` as a sentence that begins with "note: ". */
void lb_board_notes(const struct lb_board *board, const struct lb_board_lines *lines,
		    lb_finding *found, void *ctx);
