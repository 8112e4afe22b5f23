/* lifeboat/gate/mode_child.h - a rescue mode at work, in a child of PID 1. */
#pragma once

#include <sys/types.h>

#include "lifeboat/modes/mode.h"

struct lb_mode_child {
	pid_t pid; /* 0 = none */
	int from;  /* its result comes here, -1 = closed */
};

/* LB_E(...): the child could not be made. `board` and `machine` are only looked at. */
MUST_CHECK int lb_mode_child_start(struct lb_mode_child *c, enum lb_mode mode,
				   const struct lb_board *board, const struct lb_machine *machine);

/* The child has ended: what it said. One that ended without a word has failed. */
void lb_mode_child_end(struct lb_mode_child *c, struct lb_mode_result *out);
