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
	LB_LEAVE_PRESS,	  /* a button was pressed, where that ends it */
	LB_LEAVE_IDLE,	  /* nobody was there for too long */
};

/* How one waits for a person. */
struct lb_waiting {
	enum lb_led_role role;
	enum lb_led pattern;
	uint64_t began_ms; /* the pattern, before this; 0 = it begins now */
	bool console_only; /* no network: what runs is a shell on each console */
	bool press_ends;   /* a button that goes down and up ends it */
	/* Ends when for so long no SSH session was open and nobody typed on a console; 0 = never.
	 */
	unsigned idle_ms;
};

/* Open the doors that the policy allows, supervise them, blink, announce; until somebody ends it.
 * `disk`: where root and overlay are, NULL = none. All processes but PID 1 are gone afterwards.
 * status->state says which of the two. `how` NULL: as status->state has it. */
enum lb_leave lb_failsafe_run(struct lb_machine *m, const struct lb_board *board,
			      struct lb_status *status, const char *disk,
			      const struct lb_waiting *how);
