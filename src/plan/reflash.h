/* plan/reflash.h - a partition is written anew from an image: steps that may be run again from the
 * start (pure).
 *
 * The whole image is read before the first byte is written. The head of the target, with the
 * superblock, goes first and comes last: what was cut half way is never taken for whole. Between
 * the two the record says that it was begun; whoever finds that note starts over, and never uses
 * the target as it is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Written last, in one piece. ext4, squashfs and EROFS have their only first superblock in it. */
#define LB_REFLASH_HEAD_BYTES 4096

enum lb_reflash_why {
	LB_REFLASH_WHY_NOTHING = 0,
	LB_REFLASH_WHY_NO_IMAGE = 1,	 /* the image, or the device that holds it, is not there */
	LB_REFLASH_WHY_NOT_AN_IMAGE = 2, /* nothing that could be a root, or it ends early */
	LB_REFLASH_WHY_TOO_LARGE = 3,
	LB_REFLASH_WHY_NO_HASH = 4, /* the file with its hash makes no sense */
	LB_REFLASH_WHY_UNREADABLE = 5,
	LB_REFLASH_WHY_WRONG_HASH = 6,
	LB_REFLASH_WHY_NO_RECORD = 7,	   /* it cannot be written down that it begins */
	LB_REFLASH_WHY_NO_TARGET = 8,	   /* the partition cannot be opened */
	LB_REFLASH_WHY_NOT_WRITTEN = 9,	   /* the partition fails */
	LB_REFLASH_WHY_NOT_READ_BACK = 10, /* it holds other bytes than were written */
	LB_REFLASH_WHY_NOT_CLEARED = 11,   /* whole, but behind the image old data is left */
	LB_REFLASH_WHY_NOT_NOTED = 12,	   /* whole, but the record cannot be told */
	LB_REFLASH_WHY_IS_TARGET = 13,	   /* the image lies on the partition itself */
	LB_REFLASH_WHY_PROTECTED = 14,	   /* the partition, or one in it, may not be written to */
};

struct lb_reflash_sense {
	bool begun; /* an earlier run was cut: the target is not whole */
	uint64_t image_bytes, target_bytes;
	enum lb_reflash_why trouble; /* already found while image and target were opened */
};

enum lb_reflash_step {
	LB_REFLASH_HASH,  /* read the whole image; LB_E(CRC): not the hash that it should have */
	LB_REFLASH_BEGIN, /* write into the record that the target is not whole any more */
	LB_REFLASH_WIPE,  /* take the head away */
	LB_REFLASH_WRITE, /* all but the head */
	LB_REFLASH_CLEAR, /* what is behind the image */
	LB_REFLASH_READ_BACK, /* from the device; LB_E(CRC): other bytes */
	LB_REFLASH_HEAD,      /* write the head, read it back; LB_E(CRC) as above */
	LB_REFLASH_END,	      /* take the request out of the record, with the result */
	LB_REFLASH_FORGET,    /* the same for a request that was refused */
	LB_REFLASH_DONE,      /* the target is whole and new */
	LB_REFLASH_REFUSED,   /* nothing was written to the target */
	LB_REFLASH_BROKEN,    /* it must not be used; the request stays */
};

struct lb_reflash_plan {
	struct lb_reflash_sense sense;
	enum lb_reflash_step step; /* to be carried out now */
	enum lb_reflash_why why;
};

void lb_reflash_begin(struct lb_reflash_plan *p, const struct lb_reflash_sense *sense);

/* Report how p->step went (>= 0 or an LB_E value) and learn the next one. */
void lb_reflash_next(struct lb_reflash_plan *p, int result);

static inline bool lb_reflash_is_over(const struct lb_reflash_plan *p)
{
	return p->step >= LB_REFLASH_DONE;
}

/* One sentence for a person. Never NULL; "" for LB_REFLASH_WHY_NOTHING. */
const char *lb_reflash_why_text(enum lb_reflash_why why);
