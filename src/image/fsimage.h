/* image/fsimage.h - file systems that can be written to a partition as they are: what they are and
 * where they end (pure). */
#pragma once

#include "base/err.h"
#include "image/rootfs.h"

#define LB_FSIMAGE_HEAD_BYTES LB_ROOTFS_HEAD_BYTES

/* Squashfs and EROFS as lb_rootfs_parse() tells them, and ext2, ext3 and ext4 as "ext4" (the kernel
 * mounts all three so). Results as there. */
MUST_CHECK int lb_fsimage_parse(struct lb_rootfs *out, const void *head, size_t n);
