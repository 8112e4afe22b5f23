/* plat/safe_copy.h - what keeping the archive of settings on the medium may ask of the world: the
 * seam under store/safe_copy.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "plan/safe_copy.h"
#include "plat/target.h"

enum lb_safe_where {
	LB_SAFE_IN_OLD_OVERLAY, /* and from now on the root is not whole */
	LB_SAFE_IN_NEW_OVERLAY,
};

/* All calls return 0 or an LB_E value. */
struct plat_safe_copy {
	void *ctx;
	const struct plat_target *target; /* the root's device; with a head */
	struct lb_safe_header archive;	  /* its length and hash */
	int (*read)(void *ctx, uint64_t off_bytes, void *buf, size_t n); /* of the archive in RAM */
	int (*note)(void *ctx, enum lb_safe_where where); /* durable in the record: where to look
							     besides behind the head */
	int (*place)(void *ctx); /* a new overlay, in which the archive is; durable, and compared */
};
