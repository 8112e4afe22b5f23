/* plat/linux/overlaydev.h - the overlay's file system behind the read-only root, on one block
 * device ("rootdisk"). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/overlay.h"
#include "tables/limits.h"

struct lb_overlay_dev {
	char disk[LB_PATH_MAX]; /* the block device that holds root and overlay */
	uint64_t off_bytes, size_bytes;
	char loop[LB_PATH_MAX]; /* loop device over the overlay's part */
	int loop_fd; /* keeps the autoclear loop alive until it is mounted; the caller closes it */
};

/* The name of the file system on a block device as libblkid knows it; LB_E(NOENT) when it knows
 * none, LB_E(...) when the device cannot be read. */
MUST_CHECK int lb_disk_type(const char *disk, char *out, size_t size);

/* Read the first LB_ROOTFS_HEAD_BYTES of a block device. */
MUST_CHECK int lb_disk_head(const char *disk, void *head);

/* Device node of a block device number, such as "/dev/vda2". */
MUST_CHECK int lb_disk_by_number(unsigned major, unsigned minor, char out[LB_PATH_MAX]);

/* Set up a loop device over what lies behind the read-only root on `disk`. LB_E(FORMAT): no
 * squashfs or EROFS on it, LB_E(NOSPC): no room behind it, LB_E(NOENT|IO): no loop device to be
 * had, LB_E(UNSUP): flash, where the overlay is not behind the squashfs. */
MUST_CHECK int lb_overlay_dev_open(struct lb_overlay_dev *out, const char *disk, bool readonly);

/* What is on it now, by marker and magic. */
MUST_CHECK int lb_overlay_dev_content(const struct lb_overlay_dev *dev,
				      enum lb_overlay_content *out);

/* Name for mount(2), mkfs.* and fsck.*: "ext4", "f2fs". */
const char *lb_overlay_fs_name(enum lb_overlay_fs fs);
