/* lifeboat/gate/menu.h - the rescue modes at power-on: panel/menu.h on a real machine, and the
 * frame that carries a mode out (docs/rescue-modes.md). */
#pragma once

#include <stdbool.h>

#include "plat/linux/machine/machine.h"
#include "plat/plat.h"
#include "store/board.h"

/* Looks whether a button is held or the kernel command line asks for a mode; if so, stays until a
 * mode has been carried out or its failure was shown. True: the router is to reboot; false: a
 * normal boot. `last` is what the mode has come to, untouched when none was carried out. */
MUST_CHECK bool lb_menu_run(const struct plat *p, const struct lb_board *board,
			    const struct lb_machine *machine, const char *cmdline,
			    char last[LB_SENTENCE_MAX]);
