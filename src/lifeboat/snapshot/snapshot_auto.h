/* lifeboat/snapshot/snapshot_auto.h - snapshots that nobody has to think of. */
#pragma once

#include "store/board.h"

/* Before an update, if the board file asks for it and the running root has snapshots; those that
 * are more than are kept go. Says what it did, or why it could not: the update goes on either way.
 */
void lb_snapshot_before_update(const struct lb_board *board);
