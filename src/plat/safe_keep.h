/* plat/safe_keep.h - what keeping the archive of settings in an overlay that does not lie behind
 * the root may ask of the world: the seam under store/safe_keep.h. */
#pragma once

#include "base/err.h"
#include "plan/overlay.h"

/* All calls return 0 or an LB_E value; what they change is durable when they return. */
struct plat_safe_keep {
	void *ctx;
	int (*find)(
		void *ctx);    /* is it in the overlay, under either name? LB_E(NOENT): it is not */
	int (*put)(void *ctx); /* beside what is there, under the name that only a rescue knows */
	/* Only if put() cannot: a new overlay that has nothing else, ready for its first boot. */
	int (*make)(void *ctx);
	int (*note)(void *ctx); /* in the record: the root is not whole, the archive is there */
	int (*name)(void *ctx); /* it gets the name that a first boot looks for; 0: it has it */
	int (*state)(void *ctx, enum lb_fs_state state); /* of the overlay */
	int (*remove)(void *ctx);			 /* all but that archive and the state */
	int (*compare)(void *ctx); /* the archive, from the medium; LB_E(CRC): it is another */
};
