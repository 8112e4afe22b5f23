/* plat/card.h - a partition that gets a new btrfs with a system in it: the seam under store/card.h.
 * All return 0 or an LB_E value. */
#pragma once

#include <stdbool.h>

#include "plat/snapshot.h"

struct plat_card {
	void *ctx;
	/* From now on a boot has to go on with this, or it has not: it lasts. */
	int (*note)(void *ctx, bool begun);
	/* The card gets a partition table, and the partition is there; NULL = it is already. */
	int (*table)(void *ctx);
	int (*wipe)(void *ctx);	  /* what is there is no file system any more; it lasts */
	int (*format)(void *ctx); /* an empty one */
	int (*open)(void *ctx, struct plat_snapshots *out); /* fails where there is none */
	int (*fill)(void *ctx, const char *subvolume); /* with the system; lasts after a sync */
	int (*link)(void *ctx, const char *name, const char *target); /* on the top level */
	int (*present)(void *ctx, const char *path); /* 1: it is in the file system; 0: it is not */
};
