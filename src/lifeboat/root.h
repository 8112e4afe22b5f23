/* lifeboat/root.h - find the read-only root and make it "/". */
#pragma once

#include "plan/boot.h"
#include "store/board.h"

struct lb_root {
	enum lb_root_kind kind;
	char fs[32];		   /* "squashfs", "ext4", ...; "" for LB_ROOT_NONE */
	char disk[LB_PATH_MAX];	   /* its block device, "" when it was not found */
	char why[LB_SENTENCE_MAX]; /* for LB_ROOT_NONE: one sentence */
};

/* From an initramfs: wait for the board's root device (root= on the command line wins), mount it,
 * see that its init can be read, and leave the initramfs for it. Started on the root itself: look
 * at what it is. `kick` is called while it waits. Nothing is written to a squashfs or EROFS disk; a
 * journal of another root may be replayed, as at any mount. */
void lb_root_enter(struct lb_root *out, const struct lb_board *board, const char *cmdline,
		   void (*kick)(void *ctx), void *ctx);
