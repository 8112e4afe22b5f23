/* plat/target_mtd.h - a flash chip or a partition of it as a target, over plat/flash.h, so that
 * plat/linux and the power-cut tests run the same code.
 *
 * Bad blocks are left out, as a boot loader does that reads from NAND. A block of NAND that cannot
 * be erased or programmed is marked as bad, and the next one takes its place; on NOR, which knows
 * no bad blocks, that is a failure. The head is the first erase block. NOR gets its first word
 * last, and no word twice: QEMU's chip loses what was in it, and so may one with ECC. The pages of
 * NAND must be programmed in order: of a head that was cut only the recovery record and the image's
 * own checksum tell. */
#pragma once

#include <stdbool.h>

#include "plat/flash.h"
#include "plat/target.h"

#define LB_TARGET_MTD_PAGE_MAX 16384 /* of the largest NAND chips */

struct lb_target_mtd {
	struct plat_mtd m;
	uint32_t head_block; /* physical */
	uint32_t next_block; /* where writing goes on: physical */
	uint32_t bad_count;
	uint64_t end_bytes; /* of what was written */
	/* Of the block that was read last: */
	uint32_t read_logical, read_physical;
	bool read_known;
	uint8_t page[LB_TARGET_MTD_PAGE_MAX];
};

/* `t` belongs to the caller and must stay. 0, LB_E(IO), LB_E(UNSUP) pages larger than
 * LB_TARGET_MTD_PAGE_MAX. */
MUST_CHECK int lb_target_mtd_init(struct lb_target_mtd *t, const struct plat_mtd *m,
				  struct plat_target *out);
