/* plat/stage.h - what making a new overlay for an installed system may ask of the world: the seam
 * under store/stage.h. All return 0 or an LB_E value. */
#pragma once

#include "base/err.h"

struct plat_stage {
	void *ctx;
	int (*clear)(void *ctx);  /* no overlay is seen there any more, durably: the next boot makes
				     one */
	int (*format)(void *ctx); /* an empty file system; on flash it is made by mount() */
	int (*mount)(void *ctx);  /* for this process only */
	int (*put)(void *ctx);	  /* the archive, synced, under a name that nobody looks for */
	int (*commit)(void *ctx); /* its first boot is to come; the archive gets its name; synced */
	int (*unmount)(void *ctx);
	int (*compare)(void *ctx); /* the archive, from the medium; LB_E(CRC): it is another */
};
