/* plat/linux/files/mounts.h - mounts of PID 1. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"

/* /proc, /sys, /dev, /dev/pts, /run and /tmp, as far as they are not there. Says what failed; goes
 * on. */
void lb_mounts_basic(void);

/* Is "/" the kernel's initramfs? */
bool lb_root_is_initramfs(void);

/* Is this directory on a tmpfs or ramfs? */
bool lb_is_tmpfs(const char *path);

struct lb_mount {
	char fs[32]; /* "squashfs", "overlay", ... */
	char source[LB_PATH_MAX];
	unsigned major, minor; /* of its device */
	bool readonly;
};

/* What is mounted at exactly `where` (the last one, which hides those below it). 0 or
 * LB_E(NOENT|IO). */
MUST_CHECK int lb_mount_at(struct lb_mount *out, const char *where);

/* Where a block device is mounted, in these words of /proc/self/mountinfo: the first place. 0 or
 * LB_E(NOENT|IO|NOSPC). */
MUST_CHECK int lb_mount_of(unsigned major, unsigned minor, char where[LB_PATH_MAX]);

/* Leave the initramfs for `new_root` for good: the mounts of lb_mounts_basic move along, the
 * initramfs is emptied to give its memory back. 0 or LB_E(...) with nothing moved. */
MUST_CHECK int lb_switch_root(const char *new_root);

/* Make `new_root` (a mount) the root of everything that runs, the old one appears at `old_below`
 * inside it; /proc, /sys, /dev, /run, /tmp and /overlay move along. 0 or LB_E(...) with the old
 * root still in place. */
MUST_CHECK int lb_pivot_root(const char *new_root, const char *old_below);
