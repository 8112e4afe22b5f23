/* plat/flash.h - raw flash and UBI volumes: the seam under plat/flash_volume.h,
 * plat/flash_record.h and the targets on flash.
 *
 * Providers: plat/linux/disk/flash.h and ubi_spare.h, plat/fake/flash.h, ubi.h and ubi_spare.h (cut
 * the power at operation N). What returned 0 has reached the flash: nothing is cached. The provider
 * owns `ctx`.
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

/* Room for a second volume beside one of the same UBI device: what is written there takes the place
 * of the first one at once. */
struct plat_ubi_spare {
	void *ctx;
	/* Is there room for another volume as large, what an earlier attempt left not counted? 1, 0
	 * or LB_E(IO). */
	int (*fits)(void *ctx);
	/* Remove what an earlier attempt left; 0 also when that is nothing. */
	int (*drop)(void *ctx);
	/* An empty volume as large as the first one, under a name that nobody boots; `out` stays
	 * valid until drop() or exchange(). LB_E(NOSPC): there is no room after all. */
	int (*make)(void *ctx, struct plat_ubi *out);
	/* The new volume gets the name of the first one, which is gone: both in one step that a
	 * power cut does not divide. LB_E(BUSY): the first one is in use. */
	int (*exchange)(void *ctx);
};
