/* lifeboat/gate/mode_child.h - a rescue mode at work, in a child of PID 1. */
#pragma once

#include <sys/types.h>

#include "lifeboat/modes/mode.h"

struct lb_mode_child {
	pid_t pid;		/* 0 = none */
	int from;		/* its words come here, -1 = closed */
	uint64_t heard_ms;	/* when it last got further */
	char what[LB_NAME_MAX]; /* what it does, as it said it; "" = nothing yet */
	unsigned percent;	/* how far that is */
	bool has_result;
	struct lb_mode_result result;
};

struct lb_mode_start {
	enum lb_mode mode;
	bool goes_on; /* it was cut off while it wrote the card: what is whole by now stays */
	const struct lb_board *board; /* as `machine` only looked at */
	const struct lb_machine *machine;
	const char *root; /* where it lies */
};

/* LB_E(...): the child could not be made. */
MUST_CHECK int lb_mode_child_start(struct lb_mode_child *c, const struct lb_mode_start *s,
				   uint64_t now_ms);

/* Hear what it has said meanwhile; to be called now and then, or it waits. False: it has not got
 * any further for the board's menu.hang_seconds. */
MUST_CHECK bool lb_mode_child_hear(struct lb_mode_child *c, const struct lb_board *board,
				   uint64_t now_ms);

/* It has ended, with what waitpid() tells: what it said. One that ended without a word has failed.
 * Whatever it has started and left is ended. */
void lb_mode_child_end(struct lb_mode_child *c, int status, struct lb_mode_result *out);

/* It hangs: it is ended, with whatever it has started, and not waited for. What became of the
 * storage is what a power cut would have left. */
void lb_mode_child_give_up(struct lb_mode_child *c, const struct lb_board *board,
			   struct lb_mode_result *out);
