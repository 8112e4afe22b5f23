/* plat/linux/storage/extrootdev.h - the stick that holds an overlay or a root: find it, look at it
 * without changing it, mount it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/extroot.h"
#include "plat/extroot.h"
#include "plat/linux/disk/blockdev.h"

#define LB_EXTROOT_DIR                                                            \
	"/run/lifeboat/extroot" /* where a stick is looked at, or is a root to be \
				 */

/* Look once at all block devices for the one that is meant. Loop devices, RAM disks, flash and
 * `but` (the disk of the root) are not looked at. 0; or, with `out` untouched, LB_E(NOENT) none
 * fits yet, LB_E(EXIST) more than one does, LB_E(IO) /sys cannot be read. */
MUST_CHECK int lb_extrootdev_find(struct lb_extroot_device *out, const struct lb_extroot_want *want,
				  const char *but, const struct lb_blockdev_roots *roots);

/* Mount it on LB_EXTROOT_DIR read-only, its journal not replayed: nothing is written. LB_E(BUSY):
 * it is mounted somewhere else. */
MUST_CHECK int lb_extrootdev_peek(const struct lb_extroot_device *dev);

/* Whatever is mounted on LB_EXTROOT_DIR goes. */
void lb_extrootdev_unmount(void);

/* What stands in etc/ below `dir`; what is no plain file, or too long, counts as another router's.
 */
void lb_extrootdev_marks_read(struct lb_extroot_marks *out, const char *dir);
MUST_CHECK int lb_extrootdev_marks_write(const char *dir, const struct lb_extroot_marks *marks);

/* Could this be the root of a running system: is there a program to be its init? */
bool lb_extrootdev_has_init(const char *dir, const char *init);

/* The directories that mounts are moved to when `dir` becomes the root. */
MUST_CHECK int lb_extrootdev_make_mount_points(const char *dir);

/* Run the checker of its file system, which may repair; not mounted. 0 when it can be used. */
MUST_CHECK int lb_extrootdev_check(const struct lb_extroot_device *dev);

/* Mount it for good. `options` as in fstab; `ro` is not heeded, it would be no overlay. LB_E(AUTH):
 * the device is write-protected. */
MUST_CHECK int lb_extrootdev_mount(const struct lb_extroot_device *dev, const char *at,
				   const char *options);

struct lb_extrootdev {
	const char *dir;      /* where the stick is mounted */
	const char *internal; /* where the internal overlay is */
};

/* Valid as long as *e. */
struct plat_extroot lb_extrootdev_plat(struct lb_extrootdev *e);

/* The internal overlay remembers that it has used a stick. 0 or LB_E(...). */
MUST_CHECK int lb_extrootdev_note(const char *internal_dir, const char *uuid);
