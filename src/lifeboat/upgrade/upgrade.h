/* lifeboat/upgrade/upgrade.h - the running root is written anew: by a PID 1 of ours in RAM, or by
 * the boot gate at the next boot (docs/upgrade.md). */
#pragma once

#include "base/err.h"
#include "plan/upgrade_job.h"
#include "store/board.h"

#define LB_UPGRADE_JOB_FILE "/run/lifeboat/upgrade.job"

/* Have the running root written anew from job->image, which the caller has verified, and the
 * settings archive put into the new overlay. job->root may be "".
 *
 * An image on a disk that stays (a stick) is noted in the recovery record, with its SHA-256, and
 * the boot gate installs it at the reboot, which follows at once: it goes on after every power cut.
 * Any other image is installed from RAM: PID 1 is made to execute this program, which ends all
 * other processes, leaves the root, and writes.
 *
 * Returns only on failure: nothing was stopped or changed then, and `why` is a sentence. */
MUST_CHECK int lb_upgrade_hand_over(const struct lb_board *board, const struct lb_upgrade_job *job,
				    char why[LB_SENTENCE_MAX]);
