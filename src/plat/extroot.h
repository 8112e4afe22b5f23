/* plat/extroot.h - what resetting a stick that is the overlay may ask of the world: the seam under
 * store/extroot.h. All return 0 (or what is said) or LB_E(...). */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "plan/overlay.h"

struct plat_extroot {
	void *ctx;
	int (*state_read)(void *ctx); /* of the stick: enum lb_fs_state */
	int (*state_write)(void *ctx,
			   enum lb_fs_state state); /* durable; UNKNOWN: none is there any more */
	/* The overlay and the marks on the stick, but not its state; durable. What else is on the
	 * stick stays. */
	int (*remove)(void *ctx, uint64_t *entries);
	int (*internal_knows)(void *ctx); /* 1: the internal overlay has used this stick */
	/* Factory reset of the mounted internal overlay: 0 when it is certain to happen. */
	int (*reset_internal)(void *ctx);
};
