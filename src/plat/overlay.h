/* plat/overlay.h - what bringing up an overlay may ask of the world: the seam under
 * store/overlay.h. */
#pragma once

#include "base/err.h"
#include "plan/overlay.h"

/* All return 0 (or what is said) or an LB_E value. */
struct plat_overlay {
	void *ctx;
	int (*format)(void *ctx, enum lb_overlay_fs fs);
	int (*mount)(void *ctx, enum lb_overlay_fs fs); /* on /overlay, writable */
	int (*check)(void *ctx, enum lb_overlay_fs fs); /* may repair; not mounted */
	int (*tmpfs)(void *ctx);       /* RAM on /overlay, in place of whatever is there */
	int (*switch_root)(void *ctx); /* overlay of / and /overlay becomes the root */
	/* The owner's stick in front of what is on /overlay: enum lb_attached. Called when the
	 * sense says that one may be there. */
	int (*attach)(void *ctx);
	int (*detach)(void *ctx);
	int (*state_read)(void *ctx); /* enum lb_fs_state of what is on /overlay */
	int (*state_write)(void *ctx, enum lb_fs_state state);
	/* What a reset has not yet deleted on /overlay; keep: the staged archive stays. */
	int (*finish_reset)(void *ctx, bool keep);
	int (*mark_formatting)(void *ctx,
			       int begun); /* in the recovery record; LB_E(NOENT) without one */
	int (*used_percent)(void *ctx);	   /* of what is on /overlay, 0..100 */
};
