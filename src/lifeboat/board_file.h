/* lifeboat/board_file.h - the board of this machine: its file, or what stands in for it. */
#pragma once

#include "store/board.h"

/* Read LB_BOARD_FILE. Without one: built-in defaults. With a bad one: built-in defaults and policy
 * LOCKED (an unreadable policy must not open a door), and `why` (may be NULL) is the sentence that
 * says what is wrong; else "". */
void lb_board_for_this_machine(struct lb_board *out, char why[LB_SENTENCE_MAX]);

/* What whoever looks for disks and writes to them has to know of a board, for the whole process:
 * its protected names, and its card. lb_board_for_this_machine() has done it. */
void lb_board_apply(const struct lb_board *board);
