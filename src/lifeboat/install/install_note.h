/* lifeboat/install/install_note.h - what came of an installation, in the log of the recovery
 * record. */
#pragma once

#include "install/install.h"
#include "store/board.h"

/* One line: when, which image, onto what, how it ended and why. `node` is what was written to,
 * `beside`: but not where the record is. 0, also on a board that keeps no record and where the
 * record stood on `node` itself, which has it no more; LB_E(...) the record cannot be written. */
MUST_CHECK int lb_install_note(const struct lb_board *board, const struct lb_install_report *report,
			       const char *image, const char *node, bool beside);
