/* lifeboat/upgrade/upgrade_gate.h - what the boot gate does about an upgrade that is asked for, or
 * was cut.
 */
#pragma once

#include <stdbool.h>

#include "lifeboat/progress.h"
#include "lifeboat/root/root.h"
#include "plat/plat.h"
#include "store/board.h"

/* Before the root is mounted: carry on what lies on a stick. 0: the root can be used. LB_E(STATE):
 * it must not be, `why` says why and what is wanted. `progress` begins if there is something to
 * do, and has ended at the return. */
MUST_CHECK int lb_upgrade_resume(const struct lb_board *board, const struct plat *p,
				 struct lb_progress *progress, const struct lb_root *root,
				 char why[LB_SENTENCE_MAX]);

/* After it was entered, or not: what became of an upgrade whose image was in RAM. Looks for its
 * settings in a child, which may take long, and feeds the watchdog meanwhile. */
void lb_upgrade_settle(const struct lb_board *board, const struct plat *p, struct lb_root *root);

/* In rescue, now and then: true once the stick that lb_upgrade_resume() has missed is there. One
 * that was there all the time, with the wrong content, has to be taken out first. */
bool lb_upgrade_stick_came(void);
