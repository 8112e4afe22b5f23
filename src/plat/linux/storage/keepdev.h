/* plat/linux/storage/keepdev.h - the real struct plat_safe_keep: an overlay that does not lie
 * behind its root. */
#pragma once

#include <stdbool.h>

#include "plat/linux/storage/overlaydev.h"
#include "plat/safe_keep.h"

struct lb_keep_dev {
	struct lb_overlay_dev dev; /* to be opened with lb_volume_open_at() */
	const char *archive;	   /* path of the file that is to be there */
	const char *dir;	   /* an empty directory to mount on */
	int (*make)(void *ctx);	   /* as in struct plat_safe_keep; nothing is mounted then */
	int (*note)(void *ctx);
	void *ctx;
	bool mounted; /* set by what follows */
};

/* `out` stays valid as long as *k. To be used in a process with mounts of its own. */
void lb_keep_dev_plat(struct lb_keep_dev *k, struct plat_safe_keep *out);

/* 0, or LB_E(...): what was written last may not have reached the medium. */
MUST_CHECK int lb_keep_dev_unmount(struct lb_keep_dev *k);
