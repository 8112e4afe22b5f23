/* plat/block.h - a block of bytes that survives: the seam under the recovery record.
 *
 * Providers: plat/linux/disk/block.h (a device or a file), plat/flash_record.h (flash),
 * plat/fake/block.h (cuts power at operation N).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The provider owns `ctx`; it must outlive every use. */
struct plat_block {
	void *ctx;
	uint64_t size_bytes;
	/* From the start of one copy of the record to that of the next, where what is erased
	 * together is larger than a copy; 0 = they follow each other. */
	uint64_t copy_stride_bytes;
	/* All or LB_E(IO|RANGE). After a failed read `buf` is undefined, after a failed write so
	 * are the bytes it was to change. A write is durable only after flush(), and a write that
	 * was followed by a failed flush() may never be. */
	int (*read)(void *ctx, uint64_t off_bytes, void *buf, size_t n);
	int (*write)(void *ctx, uint64_t off_bytes, const void *buf, size_t n);
	int (*flush)(void *ctx);
};
