/* lifeboat/root/root_subvolume.h - a root that is a subvolume of a btrfs. */
#pragma once

#include "lifeboat/root/root.h"

/* Before it is mounted by anybody: where a power cut has torn the superblock of a btrfs, its copy
 * is put in its place (store/superblock.h). Says what was done; other file systems are left alone.
 */
void lb_root_subvolume_mend(const char *disk);

/* After that: finish or undo a rollback that was cut (plan/snapshot.h), and see to a savepoint
 * (lifeboat/snapshot/savepoint_start.h). Says what was done. Nothing that fails here keeps the root
 * from being mounted. The number of the savepoint that is to be waited for, 0 = none. */
uint32_t lb_root_subvolume_settle(const char *disk);

/* Just before PID 1 becomes the system's init. */
void lb_root_subvolume_guard(const struct lb_root *root);
