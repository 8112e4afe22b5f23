/* lifeboat/upgrade/safe_keep.h - the archive of settings stays in the overlay while the root is
 * written anew from RAM, if that root is on flash (store/safe_keep.h says how). The rescue finds it
 * as it finds the one of safe_copy.h. */
#pragma once

#include "base/err.h"
#include "store/board.h"

struct lb_safe_keep_job {
	const struct lb_board *board;
	const char *root;    /* its device */
	const char *archive; /* a file in RAM */
};

/* Before the root is changed: the archive is in the overlay, and the record, if there is one, knows
 * it and calls the root not whole. Else LB_E(...) and one sentence. */
MUST_CHECK int lb_safe_keep_carry(const struct lb_safe_keep_job *job, char why[LB_SENTENCE_MAX]);

/* Before the new root gets its head: nothing is in the overlay but the archive, for its first boot.
 * May be called again. */
MUST_CHECK int lb_safe_keep_place(const struct lb_safe_keep_job *job, char why[LB_SENTENCE_MAX]);
