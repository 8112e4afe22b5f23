/* plat/linux/storage/overlayfs.h - the real struct plat_overlay: ext4, f2fs, JFFS2 or UBIFS. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "plat/linux/storage/overlaydev.h"
#include "plat/overlay.h"

#define LB_OVERLAY_DIR "/overlay"
/* Where the internal overlay is while a stick is on LB_OVERLAY_DIR: it was mounted there first, and
 * stays behind when what is in front of it moves into the new root. */
#define LB_OVERLAY_INTERNAL_DIR "/rom/overlay"

/* What is to become upper, while it is copied. Found at a boot, it is half a copy: it goes. */
#define LB_OVERLAY_STAGING "upper.new"

/* In a RAM overlay: the flash, while what was changed is copied to it. */
#define LB_OVERLAY_ASIDE LB_OVERLAY_DIR "/.flash"

struct lb_overlayfs {
	struct lb_overlay_dev *dev; /* NULL: there is none, only RAM can be had */
	bool reset_pending;	    /* the recovery record asks for it, whatever the overlay says */
	int (*mark_formatting)(void *record_ctx, int begun);
	void *record_ctx;
	/* As in struct plat_overlay; NULL = not asked for. `attach` may name in `new_root` a mount
	 * that is to become the root as it is. */
	int (*attach)(void *extroot_ctx);
	int (*detach)(void *extroot_ctx);
	void *extroot_ctx;
	const char *new_root;
};

/* Valid as long as *o. */
struct plat_overlay lb_overlayfs_plat(struct lb_overlayfs *o);

/* The first of the directories that a root must have for an overlay to be put over it and that this
 * one lacks; NULL = it has them all. */
const char *lb_overlayfs_lacks(void);

/* Unmount what an attempt that was cut short left on LB_OVERLAY_DIR: mounted a second time, through
 * another loop device, its file system would be destroyed. LB_E(BUSY) when somebody uses it. */
MUST_CHECK int lb_overlayfs_clear(void);

/* LB_OVERLAY_DIR, or LB_OVERLAY_INTERNAL_DIR while a stick is in front of the internal overlay. */
const char *lb_overlayfs_internal(void);

/* .fs_state of a mounted overlay: an enum lb_fs_state, or LB_E(NOENT|IO). */
MUST_CHECK int lb_overlayfs_state_read(const char *overlay_dir);
MUST_CHECK int lb_overlayfs_state_write(const char *overlay_dir, enum lb_fs_state state);

/* Delete the content of a mounted overlay, hidden or not, but its state; keep: the staged archive
 * LB_OVERLAY_ARCHIVE stays as well. Synced. 0 only when all is gone; goes on after an error. */
MUST_CHECK int lb_overlayfs_remove(const char *overlay_dir, bool keep, uint64_t *entries);

/* How full, in percent of what root may use; LB_E(...) when it cannot be said. */
MUST_CHECK int lb_overlayfs_used_percent(const char *overlay_dir);
