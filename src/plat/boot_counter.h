/* plat/boot_counter.h - the boot counter of Linksys' boot loaders (plan/boot_counter.h) on flash.
 *
 * A log over all blocks that are not bad; when it is full it is erased as a whole. A power cut
 * leaves the count that was there, or 0. In the erasure, which comes once in some hundred boots, it
 * can leave an older count, or, of a log in one block only, something that is no log any more.
 */
#pragma once

#include "plat/flash.h"

/* The last count. 0, or with `count` untouched: LB_E(FORMAT) the flash holds something else,
 * LB_E(UNSUP) pages larger than a block, LB_E(IO). Nothing on it counts as 0. */
MUST_CHECK int lb_boot_counter_read(uint32_t *count, const struct plat_mtd *mtd);

/* Make it 0: nothing is written where it is. LB_E(FORMAT): the flash holds something else, and
 * stays as it is. */
MUST_CHECK int lb_boot_counter_clear(const struct plat_mtd *mtd);
