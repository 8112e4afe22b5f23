/* plat/target_block.h - a disk, a partition or a file as a target, over plat/block.h, so that
 * plat/linux and the power-cut tests run the same code.
 *
 * What file systems and partition tables are recognised by goes first and comes last, each of it a
 * sector that a medium writes as a whole: until then the old ones are gone and the new ones not
 * there. */
#pragma once

#include "plat/block.h"
#include "plat/target.h"

/* Covers what everybody looks at first: MBR, GPT with its entries, and the superblock of btrfs at
 * 64 KiB, which is the farthest. */
#define LB_TARGET_BLOCK_HEAD_BYTES (128u << 10)

#define LB_TARGET_BLOCK_SECTOR_MAX 4096

struct lb_target_block {
	struct plat_block dev; /* any offset and length; durable after flush(), which also makes
				  reads come from the device */
	/* These bytes become zeroes, given back where the device can; durable after flush(). */
	int (*zero)(void *ctx, uint64_t off_bytes, uint64_t n); /* of dev.ctx */
	uint32_t sector_bytes; /* what the device writes as a whole, at most 4096; 1 = a file, which
				  ends where the image does */
	_Alignas(LB_TARGET_BLOCK_SECTOR_MAX) uint8_t pad[LB_TARGET_BLOCK_SECTOR_MAX];
};

/* `b` belongs to the caller and must stay. */
struct plat_target lb_target_block_plat(struct lb_target_block *b);
