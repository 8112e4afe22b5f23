/* plat/reset.h - what a factory reset may ask of the world: the seam under store/reset.h. All
 * return 0 or LB_E(...). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct plat_reset {
	void *ctx;
	int (*mark)(void *ctx); /* marker on the device, made durable, read back */
	int (*request)(
		void *ctx,
		bool keep); /* in the overlay's state and in the recovery record: one must last */
	int (*remove)(void *ctx, bool keep,
		      uint64_t *entries); /* content of the mounted overlay, made durable */
	int (*freeze)(void *ctx);	  /* the mounted overlay becomes read-only */
	/* Overwrite all of the device but the marker, which stays until it is formatted. */
	int (*erase)(void *ctx);
};
