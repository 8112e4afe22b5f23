/* lifeboat/root/root.h - find the read-only root and make it "/". */
#pragma once

#include <stdbool.h>

#include "plan/boot.h"
#include "store/board.h"

struct lb_root {
	enum lb_root_kind kind;
	bool from_initramfs;	   /* where the gate was started, and not on the root itself */
	char fs[32];		   /* "squashfs", "ext4", ...; "" for LB_ROOT_NONE */
	char disk[LB_PATH_MAX];	   /* its block device, "" when it was not found */
	uint32_t savepoint;	   /* a snapshot that waits for its commit, 0 = none */
	char why[LB_SENTENCE_MAX]; /* for LB_ROOT_NONE: one sentence */
};

/* From an initramfs: wait for the root device; `kick` is called meanwhile. Nothing is done to it.
 * 0, or LB_E(NOENT) with kind LB_ROOT_NONE and the reason in out->why. */
MUST_CHECK int lb_root_find(struct lb_root *out, const char *place, void (*kick)(void *ctx),
			    void *ctx);

/* From an initramfs: mount what lb_root_find() has found, see that its init can be read, and leave
 * the initramfs for it. Started on the root itself: look at what it is. Nothing is written to a
 * squashfs or EROFS disk; a journal of another root may be replayed, as at any mount, and on btrfs
 * a rollback that was cut is settled. */
void lb_root_enter(struct lb_root *out, const struct lb_board *board);
