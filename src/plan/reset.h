/* plan/reset.h - a factory reset as steps that may be run again (pure).
 *
 * The first step that lasts commits: from then on the reset happens, whatever is cut. On a block
 * device that is the marker DE AD C0 DE in the boot block, which neither ext4 nor f2fs uses: four
 * bytes, and the next boot formats. It works on an overlay that is full, read-only after an error
 * or damaged beyond mounting. On flash no marker can be written below a mounted file system: there
 * the request in the record or in the overlay's state commits. What is deleted at once as well is
 * gone at once. To keep a staged archive the file system has to stay: then the request is a state
 * of the overlay, and the next boot deletes what a power cut left.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct lb_reset_sense {
	bool mounted;  /* the overlay is at /overlay */
	bool writable; /* and can be written to */
	bool keep;     /* -k: the staged archive stays */
	bool erase;    /* --erase: now, not at the next boot */
	bool reboot;   /* -r: the machine is restarted right afterwards */
	bool extroot;  /* a stick is in front of the overlay */
	bool locked;   /* a UBI volume: the kernel lets nobody erase it while it is mounted */
};

enum lb_reset_step {
	LB_RESET_MARK,	  /* write the marker, read it back from the device */
	LB_RESET_REQUEST, /* write the request into the overlay's state and the recovery record */
	LB_RESET_DELETE,  /* delete the content of the mounted overlay, now */
	LB_RESET_FREEZE,  /* make the mounted overlay read-only */
	LB_RESET_ERASE,	  /* overwrite superblocks, discard, read back */
	LB_RESET_DONE,
	LB_RESET_FAILED,
};

enum lb_reset_why {
	LB_RESET_WHY_NOTHING,
	LB_RESET_WHY_KEEP_UNMOUNTED, /* -k needs a mounted overlay */
	LB_RESET_WHY_ERASE_MOUNTED,  /* --erase under a running system needs -r */
	LB_RESET_WHY_ERASE_KEEP,
	LB_RESET_WHY_NOT_MARKED,
	LB_RESET_WHY_NOT_REQUESTED,
	LB_RESET_WHY_NOT_DELETED,
	LB_RESET_WHY_NOT_FROZEN,
	LB_RESET_WHY_NOT_ERASED,
	LB_RESET_WHY_ERASE_LOCKED, /* --erase of a mounted UBI volume */
	LB_RESET_WHY_KEEP_EXTROOT, /* -k: the archive would stay on a stick that is not used any
				      more */
	LB_RESET_WHY_STICK,	   /* of the owner, see store/extroot.h */
};

struct lb_reset_plan {
	struct lb_reset_sense sense;
	enum lb_reset_step step; /* to be carried out now */
	enum lb_reset_why why;
	bool committed; /* it happens, whatever comes now */
	bool deleted;	/* nothing is left even now */
};

void lb_reset_begin(struct lb_reset_plan *p, const struct lb_reset_sense *sense);

/* Report how p->step went (>= 0 or an LB_E value) and learn the next one. */
void lb_reset_next(struct lb_reset_plan *p, int result);

/* One sentence for a person. Never NULL; "" for LB_RESET_WHY_NOTHING. */
const char *lb_reset_why_text(enum lb_reset_why why);
