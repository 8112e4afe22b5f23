/* lifeboat/root/root_subvolume.h - a root that is a subvolume of a btrfs. */
#pragma once

#include "base/err.h"
#include "store/board.h"

/* Before it is mounted by anybody: where a power cut has torn the superblock of a btrfs, its copy
 * is put in its place (store/superblock.h). Says what was done; other file systems are left alone.
 */
void lb_root_subvolume_mend(const char *disk);

/* After that: finish or undo a rollback that was cut (plan/snapshot.h). Says what was
 * done. Nothing that fails here keeps the root from being mounted. */
void lb_root_subvolume_settle(const char *disk);
