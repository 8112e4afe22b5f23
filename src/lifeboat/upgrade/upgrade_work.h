/* lifeboat/upgrade/upgrade_work.h - the root is written and the settings are placed: a child works,
 * PID 1 blinks, tells how far it is and feeds the watchdog. The same from a RAM root and in the
 * boot gate. */
#pragma once

#include <stdbool.h>

#include "lifeboat/progress.h"
#include "plan/upgrade.h"
#include "plan/upgrade_job.h"
#include "plat/plat.h"
#include "store/board.h"

struct lb_upgrade_work {
	const struct lb_board *board;
	enum lb_upgrade_stage stage;  /* as the record has it */
	struct lb_upgrade_job job;    /* root: must be set */
	struct lb_progress *progress; /* tells how far it is besides the console and the LED */
	/* Where image and archive lie when job.image and job.settings have to be found first: the
	 * record says so, with their hashes. */
	bool kept;
};

/* 0: it is over, *outcome and the record say how; `why` is what was wrong, or "". LB_E(STATE): the
 * root must not be used, `why` says why. */
MUST_CHECK int lb_upgrade_work(const struct plat *p, const struct lb_upgrade_work *w,
			       enum lb_upgrade_outcome *outcome, char why[LB_SENTENCE_MAX]);

/* What lb_upgrade_work() has ended with, in a word for LB_PROGRESS_SOCKET. */
const char *lb_upgrade_result(int rc, enum lb_upgrade_outcome outcome);

/* End what the record asks for without having done anything. 0 or LB_E(...). */
MUST_CHECK int lb_upgrade_note_end(const struct lb_board *board, enum lb_upgrade_outcome outcome,
				   const char *why);
