/* plat/linux/disk/mtd_map.h - which flash partitions share bytes: one may lie in another, under a
 * name of its own, as the root lies in OpenWrt's "firmware". */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "plat/linux/disk/blockdev.h"
#include "tables/limits.h"

struct lb_mtd_part {
	char numbers[LB_NAME_MAX]; /* "6" of mtd6 */
	char label[LB_NAME_MAX];   /* "" = longer than ours are */
	int64_t start_bytes;	   /* counted from the start of the one that was asked about */
	uint64_t size_bytes;
};

/* Anything but 0 ends the walk. */
typedef int lb_mtd_part_fn(void *ctx, const struct lb_mtd_part *part);

/* Call `each` for every flash partition that shares at least a byte with mtdN, itself included, in
 * no order. 0, what `each` ended it with, or LB_E(NOENT) there is no such partition, LB_E(RANGE|IO)
 * /sys cannot be read. Where the kernel does not tell where a partition lies, it shares with itself
 * only. */
MUST_CHECK int lb_mtd_overlaps(const char *numbers, lb_mtd_part_fn *each, void *ctx,
			       const struct lb_blockdev_roots *roots);
