/* lifeboat/turn.h - one at a time: mount_root, mount_root done, and a factory reset while the
 * system runs on RAM. */
#pragma once

#include "base/err.h"

/* Wait until it is this process's turn, which lasts until it and the helpers that it started have
 * ended; who has it already goes on at once. 0; LB_E(BUSY) when the other one does not end, as a
 * check of a large overlay may. */
MUST_CHECK int lb_turn_take(void);
