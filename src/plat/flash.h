/* plat/flash.h - raw flash and UBI volumes: the seam under plat/flash_volume.h and
 * plat/flash_record.h.
 *
 * Providers: plat/linux/flash.h, plat/fake/flash.h and plat/fake/ubi.h (cut the power at operation
 * N). What returned 0 has reached the flash: nothing is cached. The provider owns `ctx`.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A chip, or a partition of it, in erase blocks. Offsets and lengths stay inside a block. */
struct plat_mtd {
	void *ctx;
	uint32_t block_count, block_bytes;
	uint32_t page_bytes;			    /* the smallest piece that can be programmed */
	int (*is_bad)(void *ctx, uint32_t block);   /* 1, 0 or LB_E(IO) */
	int (*erase)(void *ctx, uint32_t block);    /* to all 0xFF */
	int (*mark_bad)(void *ctx, uint32_t block); /* for good; LB_E(UNSUP) on NOR */
	int (*read)(void *ctx, uint32_t block, uint32_t off_bytes, void *buf, size_t n);
	/* Whole pages that were not programmed since the last erase. */
	int (*program)(void *ctx, uint32_t block, uint32_t off_bytes, const void *buf, size_t n);
};

/* A volume of logical blocks, each mapped to a physical one or to none, as after an erase. */
struct plat_ubi {
	void *ctx;
	uint32_t block_count, block_bytes;
	int (*is_mapped)(void *ctx, uint32_t block); /* 1, 0 or LB_E(IO) */
	/* Was an update of the volume begun and never finished? Then it holds nothing. 1, 0 or
	 * LB_E(IO). */
	int (*is_updating)(void *ctx);
	/* Update the volume to 0 bytes: no block is mapped any more. LB_E(BUSY): it is mounted. */
	int (*empty)(void *ctx);
	int (*read)(void *ctx, uint32_t block, uint32_t off_bytes, void *buf, size_t n);
	/* Replace a whole block: a power cut leaves the old content or the new one, which is filled
	 * up with 0xFF. */
	int (*change)(void *ctx, uint32_t block, const void *buf, size_t n);
};
