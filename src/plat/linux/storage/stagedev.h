/* plat/linux/storage/stagedev.h - the real struct plat_stage: the place of an overlay, found as the
 * boot finds it. */
#pragma once

#include "plat/linux/storage/overlaydev.h"
#include "plat/stage.h"

struct lb_stage_dev {
	struct lb_overlay_dev dev; /* to be opened with lb_volume_open() */
	const char *archive;	   /* path of what is staged */
	const char *dir;	   /* an empty directory to mount on */
	enum lb_overlay_fs fs;	   /* set by lb_stage_dev_plat(): what is to be made there */
};

/* `out` stays valid as long as *s. LB_E(NOSPC): the place is too small for any overlay. To be used
 * in a process with mounts of its own. */
MUST_CHECK int lb_stage_dev_plat(struct lb_stage_dev *s, struct plat_stage *out);
