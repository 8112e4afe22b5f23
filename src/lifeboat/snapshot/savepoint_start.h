/* lifeboat/snapshot/savepoint_start.h - a savepoint does not end with a restart: whoever has locked
 * himself out pulls the plug. What was tried may need a restart, so the first one changes nothing
 * but that the waiting begins anew; the second one goes back before the system starts. */
#pragma once

#include "plat/linux/disk/btrfs.h"
#include "store/snapshots.h"

/* From the gate, which holds the lock and has loaded `set`. Says what it did. The number of the
 * savepoint to wait for, 0 = none. */
uint32_t lb_savepoint_start(const struct lb_btrfs *fs, const struct plat_snapshots *p,
			    struct lb_snapshot_set *set);

/* In PID 1, before it becomes the system's init: a child waits for "commit", and goes back and
 * reboots without it. */
void lb_savepoint_guard(const char *device, uint32_t number);
