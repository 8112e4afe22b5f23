/* plat/live_switch.h - what a switch from RAM to flash under the running system may ask of the
 * world: the seam under store/live_switch.h. All return 0 (or what is said) or an LB_E value, and
 * those before enter() return LB_E(STATE) when a factory reset was asked for meanwhile. */
#pragma once

#include "base/err.h"

struct plat_live_switch {
	void *ctx;
	int (*note)(void *ctx, int begun); /* in the recovery record; LB_E(NOENT) without one */
	int (*erase)(void *ctx);
	int (*mount)(void *ctx);    /* aside, with an empty staging directory */
	int (*copy)(void *ctx);	    /* one pass into it; how many entries that changed */
	int (*commit)(void *ctx);   /* durable, then renamed to upper, durable again */
	int (*enter)(void *ctx);    /* new overlay, new root; the mounts move along */
	int (*catch_up)(void *ctx); /* one pass from RAM into the new root, made durable */
	int (*leave)(void *ctx);    /* the flash is unmounted, and to be erased unless it counts */
};
