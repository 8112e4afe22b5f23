/* lifeboat/slots/slots_uboot.h - the slots' state in U-Boot's environment, where U-Boot chooses the
 * slot and counts the boots: plat/slots.h. docs/uboot.md. */
#pragma once

#include "plat/slots.h"
#include "store/board.h"

/* `board` outlives it. */
struct plat_slots lb_slots_uboot(const struct lb_board *board);

/* The running system proved itself, at whatever time it does: every counter of the boot loader is
 * set back, in its environment and in the partition of slots.boot_counter. Nothing is written where
 * there is nothing to set back. 0 also on a board without either; LB_E(...): the first that failed.
 */
MUST_CHECK int lb_boot_counters_clear(const struct lb_board *board);

/* What the boot loader has counted in the partition of slots.boot_counter: boots that nobody called
 * good. LB_E(NOENT): the board has none; LB_E(...): it cannot be read, or no counter lies there. */
MUST_CHECK int lb_boot_counter_of(const struct lb_board *board, uint32_t *out);
