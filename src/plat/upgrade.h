/* plat/upgrade.h - what an upgrade of the only root may ask of the world: the seam under
 * store/upgrade.h. All return 0 or an LB_E value. */
#pragma once

#include "plan/upgrade.h"

struct plat_upgrade {
	void *ctx;
	int (*check)(void *ctx); /* image and archive are there, and the ones that were meant */
	/* Verify, note BEGUN, write, read back, commit; nothing of an old overlay is left behind
	 * it. LB_E(STATE): refused, the root is as it was. */
	int (*write)(void *ctx);
	int (*note)(void *ctx, enum lb_upgrade_stage stage); /* durable in the record */
	int (*place)(void *ctx); /* the archive into a new overlay, durable */
	int (*end)(void *ctx, enum lb_upgrade_outcome outcome); /* durable, the request is gone */
	int (*tidy)(void *ctx);
};
