/* plan/extroot.h - the owner's wish for an overlay or a root on a USB stick, and whether a stick is
 * the one that is meant (pure). docs/extroot.md has the reasons.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "tables/limits.h"

#define LB_EXTROOT_MARK_MAX (LB_NAME_MAX + LB_SERIAL_MAX + 2) /* board, blank, serial number */

/* USB sticks answer 2 to 5 s after power-on; behind a hub, or as a disk, later. A stick that is not
 * there must cost seconds, not the boot. */
#define LB_EXTROOT_WAIT_MS     10000
#define LB_EXTROOT_WAIT_MAX_MS 60000

struct lb_extroot_want {
	bool whole_root;	/* target "/"; else "/overlay" */
	char uuid[LB_NAME_MAX]; /* the first of these three that is not "" counts */
	char label[LB_NAME_MAX];
	char device[LB_PATH_MAX]; /* "/dev/sda1" */
	char fstype[LB_NAME_MAX]; /* "" or "auto" = whatever it is */
	char options[LB_PATH_MAX];
	bool check;	  /* run the file system's checker first */
	unsigned wait_ms; /* for the stick to appear */
	unsigned line;	  /* of the section in the file */
};

struct lb_extroot_wrong {
	unsigned line;
	char text[LB_SENTENCE_MAX / 2]; /* part of a sentence */
};

/* Read /etc/config/fstab: the first enabled `mount` section for "/", else the first for "/overlay";
 * delay_root and check_fs of the section `global`. 1: it is in `out`; 0: the file asks for none;
 * LB_E(FORMAT): `wrong` says what is not understood, `out` is untouched. */
MUST_CHECK int lb_extroot_parse(struct lb_extroot_want *out, struct lb_extroot_wrong *wrong,
				const void *buf, size_t n);

/* How the stick is named in a sentence: "the device with UUID 1234-abcd". */
void lb_extroot_describe(const struct lb_extroot_want *want, char *out, size_t size);

/* What a device says of itself; "" = nothing. */
struct lb_extroot_device {
	char path[LB_PATH_MAX];
	char fs[LB_NAME_MAX];
	char uuid[LB_NAME_MAX];
	char label[LB_NAME_MAX];
};

/* UUIDs are the same in capital letters. */
bool lb_extroot_is_meant(const struct lb_extroot_want *want, const struct lb_extroot_device *found);

/* Can a file system of this name hold an overlay or a root: links, owners, extended attributes? */
bool lb_extroot_fs_is_fit(const char *fs);

/* Whose stick it is, "" = nothing there. */
struct lb_extroot_marks {
	bool bypass;			 /* etc/.extroot-default: no questions asked */
	char root[LB_EXTROOT_MARK_MAX];	 /* etc/.extroot-uuid: of the root file system below */
	char board[LB_EXTROOT_MARK_MAX]; /* etc/.extroot-board: of the router */
};

enum lb_extroot_verdict {
	LB_EXTROOT_USE,
	LB_EXTROOT_MARK_AND_USE,   /* first use, or first after an upgrade */
	LB_EXTROOT_OTHER_ROUTER,   /* not to be touched */
	LB_EXTROOT_OTHER_FIRMWARE, /* of nobody knows whom; not to be touched */
};

enum lb_extroot_verdict lb_extroot_judge(const struct lb_extroot_marks *found,
					 const struct lb_extroot_marks *mine);
