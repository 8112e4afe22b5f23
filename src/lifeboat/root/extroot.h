/* lifeboat/root/extroot.h - the owner's stick in front of the internal overlay, or as the whole
 * root: as fstab asks for, if it is there and the right one. docs/extroot.md. */
#pragma once

#include "plat/linux/storage/overlayfs.h"
#include "store/board.h"

struct lb_extroot {
	const struct lb_board *board;
	char disk[LB_PATH_MAX]; /* of the root, which is no stick */
	struct lb_overlayfs *overlayfs;
	/* What came of it. */
	char device[LB_PATH_MAX]; /* "" = no stick is in use */
	char fs[LB_NAME_MAX];
	bool whole_root;
	char why[LB_SENTENCE_MAX]; /* one sentence for the owner, "" = nothing to say */
};

/* Let `overlayfs` ask for the stick; both must live as long as the overlay is brought up. */
void lb_extroot_hook(struct lb_extroot *x, const struct lb_board *board, const char *disk,
		     struct lb_overlayfs *overlayfs);

enum lb_extroot_kind {
	LB_EXTROOT_NONE,
	LB_EXTROOT_OVERLAY, /* on /overlay, the internal overlay is at LB_OVERLAY_INTERNAL_DIR */
	LB_EXTROOT_ROOT,    /* the root is a writable disk, the read-only one is at /rom */
};

/* Is a stick in use now? Its device node goes to `device`. */
enum lb_extroot_kind lb_extroot_in_use(char device[LB_PATH_MAX]);
