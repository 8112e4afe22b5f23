/* plat/safe_keep.h - what keeping the archive of settings in the overlay of a root on flash may
 * ask of the world: the seam under store/safe_keep.h. */
#pragma once

#include "base/err.h"
#include "plan/overlay.h"

/* All calls return 0 or an LB_E value; what they change is durable when they return. */
struct plat_safe_keep {
	void *ctx;
	/* Is it in the overlay, under either name? LB_E(NOENT): it is not. LB_E(FORMAT): there is
	 * no overlay, or a damaged one. */
	int (*find)(void *ctx);
	/* Beside what is there, under the name that only a rescue knows. An error: what was there
	 * before still is, also under that name. */
	int (*put)(void *ctx);
	/* Only where there is no whole overlay: a new one that has nothing else, ready for its
	 * first boot. */
	int (*make)(void *ctx);
	int (*note)(void *ctx); /* in the record: the root is not whole, the archive is there */
	/* It gets the name that a first boot looks for, and keeps the other, which tells it from
	 * one that the owner has put there; 0: it has it. */
	int (*name)(void *ctx);
	int (*state)(void *ctx, enum lb_fs_state state); /* of the overlay */
	int (*remove)(void *ctx);			 /* all but that archive and the state */
	int (*compare)(void *ctx); /* the archive, from the medium; LB_E(CRC): it is another */
};
