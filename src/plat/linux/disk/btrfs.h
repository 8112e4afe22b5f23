/* plat/linux/disk/btrfs.h - the top level of a real btrfs, for store/snapshots.h.
 *
 * It is mounted where no path leads (fsmount(2), Linux 5.2): nothing is left behind when the
 * program ends, however it ends, and nobody else sees it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plat/snapshot.h"
#include "tables/limits.h"

struct lb_btrfs {
	int top;		  /* the directory; -1 = closed */
	char device[LB_PATH_MAX]; /* the block device */
	bool read_only;		  /* nothing can be changed on it */
};

#define LB_BTRFS_CLOSED ((struct lb_btrfs){.top = -1})

/* The device of the btrfs that holds `path`. LB_E(FORMAT): what holds it is `fs`, no btrfs. */
MUST_CHECK int lb_btrfs_device(char device[LB_PATH_MAX], const char *path, char fs[32]);

MUST_CHECK int lb_btrfs_open(struct lb_btrfs *b, const char *device);
void lb_btrfs_closep(struct lb_btrfs *b);
struct plat_snapshots lb_btrfs_plat(struct lb_btrfs *b);

/* Shared: to look; exclusive: to change. It is on the directory itself, so that it holds for all
 * who mount the file system anywhere, and ends with the descriptor. LB_E(BUSY): not `wait`. */
MUST_CHECK int lb_btrfs_lock(const struct lb_btrfs *b, bool exclusive, bool wait);

void lb_btrfs_unlock(const struct lb_btrfs *b);

/* Say that this subvolume is being filled, until the descriptor is closed: nobody clears it away
 * as a leftover, though the lock is free. LB_E(BUSY): somebody else does. */
MUST_CHECK int lb_btrfs_hold(int subvolume);

/* A subvolume of the top level, as a directory. A descriptor or LB_E(...). */
MUST_CHECK int lb_btrfs_open_subvolume(const struct lb_btrfs *b, const char *name);

/* How many bytes are in this subvolume alone. */
typedef void lb_btrfs_size(void *ctx, uint64_t id, uint64_t bytes);

/* As far as the file system counts (quotas). LB_E(NOENT): it does not. */
MUST_CHECK int lb_btrfs_sizes(const struct lb_btrfs *b, lb_btrfs_size *each, void *ctx);

/* Subvolumes that were deleted take room until the kernel has come to them: it begins now, and not
 * within half a minute. */
void lb_btrfs_reclaim(const struct lb_btrfs *b);

/* Mount one subvolume for everybody to see, at a directory. */
MUST_CHECK int lb_btrfs_mount(const struct lb_btrfs *b, const char *name, const char *where);
