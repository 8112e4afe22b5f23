/* lifeboat/root/root_subvolume.h - a root that is a subvolume of a btrfs. */
#pragma once

#include "base/err.h"
#include "store/board.h"

/* Before it is mounted: finish or undo a rollback that was cut (plan/snapshot.h). Says what was
 * done. Nothing that fails here keeps the root from being mounted. */
void lb_root_subvolume_settle(const char *disk);
