/* plat/block.h - a block of bytes that survives: the seam under the recovery record. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct plat_block {
	void *ctx;
	uint64_t size_bytes;
	/* All or LB_E(IO|RANGE). A write is durable only after flush(). */
	int (*read)(void *ctx, uint64_t off_bytes, void *buf, size_t n);
	int (*write)(void *ctx, uint64_t off_bytes, const void *buf, size_t n);
	int (*flush)(void *ctx);
};
