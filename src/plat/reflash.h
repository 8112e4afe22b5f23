/* plat/reflash.h - what writing an image to a partition may ask of the world: the seam under
 * store/reflash.h. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "plan/reflash.h"
#include "plat/block.h"

struct plat_reflash {
	struct plat_block image; /* its size is that of the image; only read from */
	struct plat_block
		target; /* nobody else uses it; reads after a flush come from the device */
	void *ctx;	/* of the rest. All return 0 or LB_E(...) */
	/* These bytes of the target become zeroes, given back to the device where it takes them;
	 * durable after target.flush(). */
	int (*clear)(void *ctx, uint64_t off_bytes, uint64_t n);
	/* In the recovery record, made durable: the target is not whole from now on; it is whole
	 * again, `why` with it or not; the request is refused. */
	int (*begin)(void *ctx);
	int (*end)(void *ctx, enum lb_reflash_why why);
	int (*forget)(void *ctx, enum lb_reflash_why why);
	void (*progress)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
};
