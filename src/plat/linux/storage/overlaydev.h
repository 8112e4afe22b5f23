/* plat/linux/storage/overlaydev.h - the place of the overlay (which one: volume.h), and what is on
 * it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/overlay.h"
#include "plat/linux/disk/flash.h"
#include "tables/limits.h"

struct lb_overlay_dev {
	enum lb_volume kind;
	char disk[LB_PATH_MAX];		/* holds the overlay, and in a rootdisk the root as well */
	uint64_t off_bytes, size_bytes; /* of the overlay on `disk` */
	char source[LB_PATH_MAX];	/* for mount(2): a loop device over the overlay's part of a
					   rootdisk, the partition, or flash */
	int fd; /* of `source`; keeps a loop device alive until it is mounted; -1 on flash. The
		   caller closes it */
	struct lb_flash flash; /* on flash only */
};

/* The name of the file system on a block device as libblkid knows it; LB_E(NOENT) when it finds
 * none, LB_E(EXIST) when it finds several that contradict each other, LB_E(...) when the device
 * cannot be read. */
MUST_CHECK int lb_disk_type(const char *disk, char *out, size_t size);

/* Read the first LB_ROOTFS_HEAD_BYTES of a block device. */
MUST_CHECK int lb_disk_head(const char *disk, void *head);

/* Device node of a block device number, such as "/dev/vda2". */
MUST_CHECK int lb_disk_by_number(unsigned major, unsigned minor, char out[LB_PATH_MAX]);

/* Attach a free loop device to part of an open file or disk; size_bytes 0: to its end. The
 * descriptor of the loop device, which keeps it until it is mounted; its node goes to `path`. */
MUST_CHECK int lb_loop_attach(int fd, uint64_t off_bytes, uint64_t size_bytes, bool readonly,
			      char path[LB_PATH_MAX]);

/* Set up a loop device over what lies behind the read-only root on `disk`. LB_E(FORMAT): no
 * squashfs or EROFS on the disk, LB_E(NOSPC): no room behind it, LB_E(UNSUP): the root is on flash,
 * where the overlay is not behind it, LB_E(IO|BUSY): no loop device to be had. */
MUST_CHECK int lb_rootdisk_open(struct lb_overlay_dev *out, const char *disk, bool readonly);

/* The same over what lies behind off_bytes, whatever root there is in front of it, or none. */
MUST_CHECK int lb_rootdisk_open_at(struct lb_overlay_dev *out, const char *disk, uint64_t off_bytes,
				   bool readonly);

/* Ask the guard (guard.h) whether it may be changed: to be called before anything is. */
MUST_CHECK int lb_overlay_dev_guard(const struct lb_overlay_dev *dev);

/* What is on it now, by marker and magic. */
MUST_CHECK int lb_overlay_dev_content(const struct lb_overlay_dev *dev,
				      enum lb_overlay_content *out);

/* The file system that is on it, as mount(2) wants it. LB_E(NOENT): none that could be there. */
MUST_CHECK int lb_overlay_dev_type(const struct lb_overlay_dev *dev, char *out, size_t size);

/* Name for mount(2), mkfs.* and fsck.*: "ext4", "f2fs", "jffs2", "ubifs". */
const char *lb_overlay_fs_name(enum lb_overlay_fs fs);
