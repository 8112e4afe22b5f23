/* plat/flash_record.h - the recovery record on flash: plat/block.h over plat/flash.h.
 *
 * Each copy lies in erase blocks of its own, so that writing one never touches the other. Copy i
 * starts at byte i * copy_stride_bytes; a write is one whole copy, or LB_E(RANGE). flush() has
 * nothing to do.
 */
#pragma once

#include "plat/block.h"
#include "plat/flash.h"
#include "tables/limits.h"

/* The smallest erase block of NOR chips: a copy takes some of them. */
#define LB_FLASH_RECORD_BLOCK_MIN 4096
#define LB_FLASH_RECORD_BLOCKS	  (LB_RECORD_COPIES * (LB_RECORD_BYTES / LB_FLASH_RECORD_BLOCK_MIN))

/* Owned by the caller; the plat_block points to it. */
struct lb_flash_record {
	struct plat_mtd mtd;
	struct plat_ubi ubi;
	uint32_t block_bytes, blocks_per_copy;
	uint32_t
		blocks[LB_FLASH_RECORD_BLOCKS]; /* copy after copy; on MTD those that are not bad */
};

/* On the first blocks that are not bad. A block that can be erased or programmed no more becomes a
 * bad one where the chip knows such: that write fails, and after the next init the copies lie in
 * other blocks. LB_E(NOSPC): too few blocks, LB_E(UNSUP): smaller ones than above, or pages larger
 * than a copy, LB_E(IO). */
MUST_CHECK int lb_flash_record_mtd(struct lb_flash_record *r, struct plat_block *out,
				   const struct plat_mtd *mtd);

/* On the first logical blocks of a volume. A block that was never written reads as 0xFF. */
MUST_CHECK int lb_flash_record_ubi(struct lb_flash_record *r, struct plat_block *out,
				   const struct plat_ubi *ubi);
