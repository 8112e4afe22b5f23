/* plat/fake/overlay.h - a router's overlay in memory, with its record, a boot after another, and a
 * factory reset in between.
 *
 * Stricter than hardware. These abort with a message: formatting, checking or mounting what is
 * mounted; formatting over the owner's data that nobody asked to erase; putting nothing over the
 * root, or putting something there twice; asking for the state of what is not mounted; deleting
 * from what is not mounted, or erasing what is and can be written to.
 *
 * On flash the chip or the volume under it is that of plat/fake/flash.h or plat/fake/ubi.h, and
 * what erases it is the code of plat/flash_volume.h: which blocks are left tells what is left of
 * the file system. As with the kernel, an empty place becomes a file system when it is mounted, and
 * JFFS2 mounts with whatever nodes it finds, but not without any when there is something else.
 *
 * A call that returned has reached the medium (mkfs, fsck and the record all flush). A cut hits the
 * call under way: it is done, not done, or half done.
 */
#pragma once

#include "plat/fake/flash.h"
#include "plat/fake/power.h"
#include "plat/fake/ubi.h"
#include "plat/live_switch.h"
#include "plat/overlay.h"
#include "plat/reset.h"

enum lb_fake_damage {
	LB_FAKE_SOUND,
	LB_FAKE_REPAIRABLE, /* does not mount until it was checked */
	LB_FAKE_HOPELESS,   /* never mounts again */
};

enum lb_fake_note { /* the overlay field of the recovery record */
	LB_FAKE_NOTE_NEW,
	LB_FAKE_NOTE_READY,
	LB_FAKE_NOTE_FORMATTING,
	LB_FAKE_NO_RECORD,
	LB_FAKE_NOTE_RESET,
	LB_FAKE_NOTE_RESET_KEEP,
};

enum lb_fake_mounted {
	LB_FAKE_NOTHING,
	LB_FAKE_DISK,
	LB_FAKE_RAM,
};

#define LB_FAKE_OVERLAY_BLOCKS	    6 /* of flash; on MTD the last but one is bad */
#define LB_FAKE_OVERLAY_BLOCK_BYTES 64

/* What a power cut leaves. */
struct lb_fake_overlay_disk {
	enum lb_volume kind;
	enum lb_overlay_content content;
	enum lb_fake_damage damage;
	enum lb_fs_state fs_state;
	bool full; /* mounts, but nothing can be written */
	bool owners_data;
	bool in_part;	  /* some of it has been deleted already */
	bool archive;	  /* the staged archive, which counts for itself */
	bool knows_stick; /* a stick was in front of it: plat/fake/extroot.h */
	enum lb_fake_note note;
	/* On flash: what is on it, and how many blocks from the first one the file system has. */
	uint8_t flash[LB_FAKE_OVERLAY_BLOCKS * LB_FAKE_OVERLAY_BLOCK_BYTES];
	struct lb_fake_ubi_state volume;
	unsigned blocks;
};

struct lb_fake_overlay {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	/* To be set by the test. */
	bool no_device, no_overlayfs, no_tmpfs;
	bool erase_asked;	/* the owner's data may go */
	bool failure_is_stored; /* a call that fails has done its work all the same */
	bool read_only;		/* what is mounted cannot be written to */
	struct lb_fake_overlay_disk disk;

	/* Since the last power-on. */
	enum lb_fake_mounted mounted;
	bool switched;
	unsigned formats, checks;

	struct lb_fake_flash chip;
	struct lb_fake_ubi volume;
	uint8_t after[LB_FAKE_OVERLAY_BLOCK_BYTES];

	struct lb_fake_overlay_disk whole; /* the disk if the call under way is done */
	enum lb_fake_deed {
		LB_FAKE_STEP, /* done or not done */
		LB_FAKE_FORMATTING,
		LB_FAKE_DELETING,
	} deed;
};

/* Lives on `power`, which must outlive it. A blank disk, a record that says nothing. */
void lb_fake_overlay_init(struct lb_fake_overlay *f, struct lb_fake_power *power);
struct plat_overlay lb_fake_overlay_plat(struct lb_fake_overlay *f);

/* A factory reset of the same disk, as it is mounted now. */
struct plat_reset lb_fake_reset_plat(struct lb_fake_overlay *f);

/* Give a disk that is otherwise filled in the flash that belongs to its kind and content. tight: no
 * block of it is free. */
void lb_fake_overlay_put_flash(struct lb_fake_overlay_disk *disk, bool tight);

/* mount_root done: from the RAM overlay to the flash that was not ready. */
struct plat_live_switch lb_fake_overlay_live_plat(struct lb_fake_overlay *f);

/* The owner saves something. */
void lb_fake_overlay_own(struct lb_fake_overlay *f);

/* What the next boot finds: nothing is mounted any more, the disk is as it was left. */
void lb_fake_overlay_reboot(struct lb_fake_overlay *f);

/* What a look at the disk and the record tells, as lifeboat's mount_root sees it. */
struct lb_overlay_sense lb_fake_overlay_sense(const struct lb_fake_overlay *f);
