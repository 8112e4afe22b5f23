/* lifeboat/slots/slot_guard.h - who watches over a boot of a board with slots, once the system has
 * the machine. */
#pragma once

#include "store/board.h"

/* Start the guard as a child of PID 1, right before the system's init is executed: it needs
 * nothing of the system, and goes with it at the next shutdown. It stores that the boot lasted,
 * proves a new system, and reboots out of one that does not come up in time. */
void lb_slot_guard_start(const struct lb_board *board);
