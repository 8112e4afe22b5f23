/* lifeboat/modes/no_system.h - after a rescue mode has failed: is there anything that a normal boot
 * could boot? */
#pragma once

#include "store/board.h"

#define LB_NO_SYSTEM_EXIT 1 /* of a child that has found out that there is none */

/* True: no place of a root is there, a disk that comes late is waited for; or its card was wiped
 * and has got no system, of which the recovery record knows. False: one is there, or we run from
 * it; whether it is sound shows only when it is booted. `root`: as of lb_root_place(). Reads disks,
 * which may hang: not for PID 1. */
MUST_CHECK bool lb_no_system(const struct lb_board *board, const char *root, unsigned wait_ms);
