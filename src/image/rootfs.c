#include "image/rootfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"

#define OVERLAY_ALIGN	   65536ull
#define SQUASHFS_MAGIC	   0x73717368u /* "hsqs" */
#define SQUASHFS_USED_AT   40	       /* u64 bytes_used (OpenWrt's fstools, libfstools) */
#define SQUASHFS_SUPER	   96
#define EROFS_SUPER_AT	   1024
#define EROFS_MAGIC	   0xE0F5E1E2u
#define EROFS_BLKSZBITS_AT 12 /* u8, in the superblock */
#define EROFS_BLOCKS_AT	   36 /* u32, in the superblock */
#define EROFS_UUID_AT	   48 /* 16 bytes, in the superblock */
#define UUID_BYTES	   16

static int parse_squashfs(struct lb_rootfs *out, struct lb_rd r)
{
	uint64_t used;

	(void)lb_rd_take(&r, SQUASHFS_USED_AT);
	used = lb_rd_le64(&r);
	if (r.bad)
		return LB_E(TRUNC);
	if (used < SQUASHFS_SUPER || used > INT64_MAX)
		return LB_E(RANGE);
	*out = (struct lb_rootfs){.fs = "squashfs", .length_bytes = used};
	return 0;
}

static int parse_erofs(struct lb_rootfs *out, struct lb_rd r)
{
	uint8_t block_bits;
	uint64_t blocks;

	(void)lb_rd_take(&r, EROFS_BLKSZBITS_AT);
	block_bits = lb_rd_u8(&r);
	(void)lb_rd_take(&r, EROFS_BLOCKS_AT - EROFS_BLKSZBITS_AT - 1);
	blocks = lb_rd_le32(&r);
	if (r.bad)
		return LB_E(TRUNC);
	if (block_bits < 9 || block_bits > 16 || blocks == 0)
		return LB_E(RANGE);
	*out = (struct lb_rootfs){.fs = "erofs", .length_bytes = blocks << block_bits};
	return 0;
}

int lb_rootfs_parse(struct lb_rootfs *out, const void *head, size_t n)
{
	struct lb_rd r = lb_rd_init(head, n);
	struct lb_rd at_start = r;
	struct lb_rd erofs;

	if (lb_rd_le32(&at_start) == SQUASHFS_MAGIC)
		return parse_squashfs(out, r);
	(void)lb_rd_take(&r, EROFS_SUPER_AT);
	erofs = r;
	if (lb_rd_le32(&r) == EROFS_MAGIC)
		return parse_erofs(out, erofs);
	return LB_E(FORMAT);
}

/* Four words of a squashfs: number of inodes, when it was made, where it ends, and a checksum of
 * the whole superblock, which holds where its tables are. */
static int uuid_of_squashfs(char out[LB_ROOTFS_UUID_MAX], struct lb_rd r)
{
	const uint8_t *super = lb_rd_take(&r, SQUASHFS_SUPER);
	struct lb_rd in;
	uint32_t inodes, made;
	uint64_t used;

	if (!super)
		return LB_E(TRUNC);
	in = lb_rd_init(super, SQUASHFS_SUPER);
	(void)lb_rd_le32(&in); /* the magic */
	inodes = lb_rd_le32(&in);
	made = lb_rd_le32(&in);
	(void)lb_rd_take(&in, SQUASHFS_USED_AT - 12);
	used = lb_rd_le64(&in);
	(void)snprintf(out, LB_ROOTFS_UUID_MAX,
		       "%08" PRIx32 "-%08" PRIx32 "-%08" PRIx32 "-%08" PRIx32, inodes, made,
		       (uint32_t)used, lb_crc32(0, super, SQUASHFS_SUPER));
	return 0;
}

static int uuid_of_erofs(char out[LB_ROOTFS_UUID_MAX], struct lb_rd r)
{
	const uint8_t *u;
	char *at = out;

	(void)lb_rd_take(&r, EROFS_SUPER_AT + EROFS_UUID_AT);
	u = lb_rd_take(&r, UUID_BYTES);
	if (!u)
		return LB_E(TRUNC);
	for (int i = 0; i < UUID_BYTES; i++) /* 8-4-4-4-12 digits */
		at += snprintf(at, 4, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			       u[i]);
	return 0;
}

int lb_rootfs_uuid(char out[LB_ROOTFS_UUID_MAX], const void *head, size_t n)
{
	const struct lb_rd r = lb_rd_init(head, n);
	struct lb_rootfs rootfs;
	int rc = lb_rootfs_parse(&rootfs, head, n);

	if (rc < 0)
		return rc;
	return strcmp(rootfs.fs, "erofs") == 0 ? uuid_of_erofs(out, r) : uuid_of_squashfs(out, r);
}

uint64_t lb_rootfs_overlay_start(const struct lb_rootfs *rootfs)
{
	return (rootfs->length_bytes + OVERLAY_ALIGN - 1) / OVERLAY_ALIGN * OVERLAY_ALIGN;
}

bool lb_rootfs_is_readonly(const char *fs)
{
	return strcmp(fs, "squashfs") == 0 || strcmp(fs, "erofs") == 0;
}
