/* plat/block_part.h - a piece of a block device as one of its own. */
#pragma once

#include "plat/block.h"

/* Owned by the caller; the plat_block of lb_block_part() points to it. */
struct lb_block_part {
	struct plat_block whole;
	uint64_t off_bytes;
};

/* The piece lies within `whole`. */
struct plat_block lb_block_part(struct lb_block_part *p, const struct plat_block *whole,
				uint64_t off_bytes, uint64_t size_bytes);
