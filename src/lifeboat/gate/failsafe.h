/* lifeboat/gate/failsafe.h - PID 1 while a person is waited for: failsafe, and rescue without a
 * root file system. */
#pragma once

#include "lifeboat/status_file.h"
#include "plat/linux/machine/machine.h"
#include "store/board.h"

enum lb_leave {
	LB_LEAVE_CONTINUE, /* go on with the normal boot */
	LB_LEAVE_REBOOT,
	LB_LEAVE_POWEROFF,
	LB_LEAVE_HALT,
	LB_LEAVE_UPGRADE, /* make way for a PID 1 in RAM */
};

/* Open the doors that the policy allows, supervise them, blink, announce; until somebody ends it.
 * `disk`: where root and overlay are, NULL = none. All processes but PID 1 are gone afterwards.
 * status->state says which of the two. */
enum lb_leave lb_failsafe_run(struct lb_machine *m, const struct lb_board *board,
			      struct lb_status *status, const char *disk);
