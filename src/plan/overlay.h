/* plan/overlay.h - how the writable overlay comes over the read-only root (pure).
 *
 * One function tells the next step from what is known so far; the caller carries it out and
 * reports. The rule that OpenWrt lacks (its fstools): what the
 * owner wrote is never wiped because something is missing or damaged; a formatting needs a marker
 * that asks for it, or an area that never held data.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum lb_overlay_content {
	LB_CONTENT_UNKNOWN,  /* bytes that nobody recognises */
	LB_CONTENT_BLANK,    /* all zero or all 0xFF: nothing was ever written */
	LB_CONTENT_DEADCODE, /* DE AD C0 DE: somebody asked for a fresh overlay */
	LB_CONTENT_EXT4,
	LB_CONTENT_F2FS,
	LB_CONTENT_JFFS2,
	LB_CONTENT_UBIFS,
	LB_CONTENT_ARCHIVE, /* settings that OpenWrt's sysupgrade left there to be restored: gzip */
};

/* Where the overlay lies: OpenWrt's kinds (fstools, libfstools). */
enum lb_volume {
	LB_VOLUME_ROOTDISK,  /* behind the read-only root, on the same block device */
	LB_VOLUME_MTD,	     /* flash partition rootfs_data */
	LB_VOLUME_UBI,	     /* UBI volume rootfs_data */
	LB_VOLUME_PARTITION, /* partition rootfs_data of the disk that holds the root */
};

/* Raw flash, where a file system for disks would wear it out. */
bool lb_volume_is_flash(enum lb_volume kind);

enum lb_overlay_fs {
	LB_FS_EXT4,
	LB_FS_F2FS,
	LB_FS_JFFS2,
	LB_FS_UBIFS,
};

/* OpenWrt makes f2fs above this size and ext4 up to it (fstools, block_volume_format()). */
#define LB_F2FS_ABOVE_BYTES (100ull * 1024 * 1024)

/* Less than this holds no file system with a journal. */
#define LB_OVERLAY_MIN_BYTES (1024ull * 1024)

/* JFFS2 wants five erase blocks to clean up in, which on small NOR flash have 64 KiB. */
#define LB_OVERLAY_MIN_MTD_BYTES (5 * 65536ull)

enum lb_overlay_why {
	LB_WHY_NOTHING,
	LB_WHY_NO_DEVICE,    /* no room behind the root file system */
	LB_WHY_AMBIGUOUS,    /* two volumes of the same kind have the name */
	LB_WHY_NO_SUCH_NAME, /* the kernel command line asks for a volume that is not there */
	LB_WHY_PROTECTED,    /* the volume is one that nothing may write to */
	LB_WHY_UNREADABLE,   /* its device reports errors */
	LB_WHY_ARCHIVE, /* settings wait there to be restored, in a form that must not be lost */
	LB_WHY_UNRECOGNISED, /* there is something, but not an overlay */
	LB_WHY_FORMAT_FAILED,
	LB_WHY_MOUNT_FAILED,  /* mounting failed before and after the check */
	LB_WHY_NOT_READY,     /* flash that is to be erased, which takes minutes: later */
	LB_WHY_SWITCH_FAILED, /* the overlay file system is missing in the kernel, or refused */
};

struct lb_overlay_sense {
	bool has_device;     /* there is room for an overlay */
	enum lb_volume kind; /* of that room */
	uint64_t size_bytes; /* of that room */
	enum lb_overlay_content content;
	bool format_pending; /* the record says that a formatting was begun and never finished */
	bool can_f2fs;	     /* mkfs.f2fs is there */
	enum lb_overlay_why refused; /* NOTHING, or why the place must not be used */
	bool extroot; /* the owner's stick may take the place of the overlay (docs/extroot.md) */
};

enum lb_overlay_step {
	LB_STEP_FORMAT, /* make a file system of `fs` */
	LB_STEP_MOUNT,	/* mount the `fs` */
	LB_STEP_CHECK,	/* run its checker, which may repair */
	/* It was formatted, and is mounted: from now on a power cut must not have it formatted once
	 * more. On flash it is the first mount that makes the file system. */
	LB_STEP_FORGET,
	LB_STEP_ATTACH, /* put the owner's stick in front of it, if there is one */
	LB_STEP_SWITCH, /* put what is in front over the root */
	LB_STEP_DETACH, /* the stick does not do: take it away again */
	LB_STEP_TMPFS, /* take a RAM overlay instead: `why` says what is wrong, to be told loudly */
	LB_STEP_DONE,
	LB_STEP_GIVE_UP, /* not even a RAM overlay: the root stays read-only */
};

enum lb_attached {
	LB_ATTACHED_NOTHING,
	LB_ATTACHED_STICK,
	LB_ATTACHED_RESET, /* nothing: a factory reset of stick and internal overlay was finished */
};

struct lb_overlay_plan {
	struct lb_overlay_sense sense;
	enum lb_overlay_step step; /* to be carried out now */
	enum lb_overlay_fs fs;
	enum lb_overlay_why why;
	bool formatted, checked;
	bool on_tmpfs; /* the internal overlay is in RAM, a stick in front of it or not */
	bool attach_tried, attached;
};

void lb_overlay_begin(struct lb_overlay_plan *p, const struct lb_overlay_sense *sense);

/* Report how p->step went (>= 0 or an LB_E value; LB_STEP_ATTACH: enum lb_attached) and learn the
 * next one. */
void lb_overlay_next(struct lb_overlay_plan *p, int result);

/* One sentence for a person. Never NULL; "" for LB_WHY_NOTHING. */
const char *lb_overlay_why_text(enum lb_overlay_why why);

/* What the overlay's .fs_state link says (OpenWrt's mount_root.c): how far the first boot
 * on it came. */
enum lb_fs_state {
	LB_FS_STATE_UNKNOWN = 0,
	LB_FS_STATE_PENDING = 1,
	LB_FS_STATE_READY = 2,
	/* A factory reset that keeps the staged archive was begun. OpenWrt takes any number above 2
	 * for "unknown", and deletes the same. */
	LB_FS_STATE_RESET = 3,
	/* One that keeps nothing was begun, on flash, where no marker fits below a mounted file
	 * system.
	 */
	LB_FS_STATE_RESET_ALL = 4,
};

/* The state that a link target stands for; anything that is not "1" to "4" is UNKNOWN. */
enum lb_fs_state lb_fs_state_parse(const char *target);
