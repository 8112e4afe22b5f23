/* image/rootfs.h - read-only root file systems: what they are and where they end (pure). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Enough of the start of a device for lb_rootfs_parse: EROFS has its superblock at 1024. */
#define LB_ROOTFS_HEAD_BYTES 4096

struct lb_rootfs {
	const char *fs;	       /* name for mount(2): "squashfs" or "erofs" */
	uint64_t length_bytes; /* of the read-only part; an overlay may start behind it */
};

/* 0, LB_E(FORMAT) when it is neither squashfs nor EROFS, LB_E(TRUNC|RANGE) when it is one but its
 * superblock makes no sense; then `out` is untouched. */
MUST_CHECK int lb_rootfs_parse(struct lb_rootfs *out, const void *head, size_t n);

/* Where the overlay behind it starts: the read-only part is padded to 64 KiB (OpenWrt's fstools,
 * libfstools). */
uint64_t lb_rootfs_overlay_start(const struct lb_rootfs *rootfs);

#define LB_ROOTFS_UUID_MAX 37

/* A name for exactly this image: the UUID of an EROFS; a squashfs has none, so one is made of its
 * superblock, which changes with its content. 0 or an error as above, then `out` is untouched. */
MUST_CHECK int lb_rootfs_uuid(char out[LB_ROOTFS_UUID_MAX], const void *head, size_t n);

/* Is a file system of this name made to be read only, with an overlay on top? */
bool lb_rootfs_is_readonly(const char *fs);
