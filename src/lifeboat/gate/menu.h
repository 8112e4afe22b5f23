/* lifeboat/gate/menu.h - the rescue modes at power-on: panel/menu.h on a real machine, and the
 * frame that carries a mode out (docs/rescue-modes.md). */
#pragma once

#include "lifeboat/gate/failsafe.h"
#include "lifeboat/status_file.h"
#include "plat/linux/machine/machine.h"
#include "plat/plat.h"
#include "store/board.h"

/* Looks whether a button is held or the kernel command line asks for a mode; if so, stays until a
 * mode has been carried out or its failure was shown. LB_LEAVE_CONTINUE: a normal boot; else how
 * the router is to be left. status->last_mode is what the mode has come to, and the rest of it says
 * who the device is. */
MUST_CHECK enum lb_leave lb_menu_run(const struct plat *p, const struct lb_board *board,
				     struct lb_machine *machine, const char *cmdline,
				     struct lb_status *status);
