/* plat/linux/flash.h - the overlay in a flash partition (MTD, for JFFS2) or in a UBI volume (for
 * UBIFS). */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "plan/overlay.h"
#include "tables/limits.h"

struct lb_flash {
	enum lb_volume kind;	  /* MTD or UBI */
	char node[LB_PATH_MAX];	  /* character device: "/dev/mtd6", "/dev/ubi0_2" */
	char source[LB_PATH_MAX]; /* for mount(2): "/dev/mtdblock6", "/dev/ubi0_2" */
	uint64_t size_bytes;
};

/* The flash partition or UBI volume of that name. LB_E(NOENT): there is none; LB_E(EXIST): two of
 * the same kind have the name. Else 0 or LB_E(...). */
MUST_CHECK int lb_flash_find(enum lb_volume kind, const char *name, struct lb_flash *out);

/* What is on it now: looks at each erase block, for an empty first one may be JFFS2's free space.
 * An update of a UBI volume that was cut counts as a marker: it has discarded what was there. */
MUST_CHECK int lb_flash_content(const struct lb_flash *f, enum lb_overlay_content *out);

/* Erase all of it, bad blocks excepted, and read back. Not while it is mounted. The first block
 * goes last, so that a marker there asks again after a power cut. LB_E(IO): it is not empty. */
MUST_CHECK int lb_flash_erase(const struct lb_flash *f);

/* Make the next boot format it, and read back: the marker in the first block that is not bad; a UBI
 * volume is emptied. Not while it is mounted. */
MUST_CHECK int lb_flash_mark(const struct lb_flash *f);
