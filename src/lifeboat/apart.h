/* lifeboat/apart.h - work in a child with mounts of its own: what it mounts and opens ends with it,
 * and nobody else sees it. */
#pragma once

#include "store/board.h"

/* Run `work`, wait for it, and return what it did: 0 or an LB_E value, with the sentence that it
 * left in `why`, which may be "". LB_E(CHILD): it ended by itself. Blocks: PID 1 forks first. */
MUST_CHECK int lb_apart_run(int (*work)(void *ctx, char why[LB_SENTENCE_MAX]), void *ctx,
			    char why[LB_SENTENCE_MAX]);

/* The same with an empty directory to mount on: mkdtemp(3) makes it of `dir`, and it is gone when
 * this returns. Nothing writes to what `board` protects. */
MUST_CHECK int lb_apart_run_in(char *dir, const struct lb_board *board,
			       int (*work)(void *ctx, char why[LB_SENTENCE_MAX]), void *ctx,
			       char why[LB_SENTENCE_MAX]);
