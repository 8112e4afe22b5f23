/* lifeboat/root/mount_root.h - the overlay over the read-only root, as a program of its own: the
 * boot gate forks it, and people call it in failsafe. */
#pragma once

#include <stdbool.h>

#include "store/board.h"

/* Bring the overlay up, with the owner's stick in front of it if there is one and `use_extroot`,
 * and write into the status file what came of it. A code of tables/exits.def. */
int lb_mount_root_start(const struct lb_board *board, bool use_extroot);
