/* lifeboat/progress_line.h - how far a long work is, as one line of JSON for LB_PROGRESS_SOCKET:
 *
 *   {"work":"upgrading","step":"writing","percent":40}    percent: only when known
 *   {"work":"upgrading","result":"complete","why":""}     the last line
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "lifeboat/status_file.h"
#include "plat/linux/machine/followers.h"

#define LB_PROGRESS_SOCKET LB_RUN_DIR "/progress.sock"
#define LB_WORK_UPGRADE	   "upgrading"
#define LB_RESULT_COMPLETE "complete" /* of every work that went well */

/* percent: -1 = not known. */
void lb_progress_tell_step(struct lb_followers *f, const char *work, const char *step, int percent);
void lb_progress_tell_result(struct lb_followers *f, const char *work, const char *result,
			     const char *why);

struct lb_progress_line {
	char work[LB_NAME_MAX];
	char step[LB_SENTENCE_MAX];
	int percent;		  /* -1 = not known */
	char result[LB_NAME_MAX]; /* "" = it goes on */
	char why[LB_SENTENCE_MAX];
};

/* 0, or LB_E(FORMAT). */
MUST_CHECK int lb_progress_line_parse(struct lb_progress_line *out, const char *line);
