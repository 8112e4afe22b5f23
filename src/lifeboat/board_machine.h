/* lifeboat/board_machine.h - what of a board file this machine does not have. */
#pragma once

#include "store/board_parse.h"

/* One thing that is not as the file says; the line is 0 when the value is a preset. */
typedef void lb_finding(void *ctx, unsigned line, const char *sentence);

/* Compare LEDs, ports, buttons, storage, watchdog and init with /sys and /dev below `sysroot` ("" =
 * this machine). Bit i of `held`: button i is down right now. Returns the number of findings.
 * Writes nothing. */
unsigned lb_board_compare(const struct lb_board *board, const struct lb_board_lines *lines,
			  const char *sysroot, unsigned held, lb_finding *found, void *ctx);
