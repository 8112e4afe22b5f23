/* plan/upgrade.h - the one root of a device is written anew and its owner's settings are put into
 * the new overlay: steps, and what a boot does about those that a power cut left undone (pure).
 *
 * The request stands in the recovery record until its result does. Written down before each step:
 * BEGUN before the old root loses its head, WRITTEN when the new one has got its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* As stored in the record. */
enum lb_upgrade_stage {
	LB_UPGRADE_NONE = 0,
	LB_UPGRADE_ASKED = 1,	/* nothing was written yet: the root is the old one */
	LB_UPGRADE_BEGUN = 2,	/* the root is not whole, unless it has its head */
	LB_UPGRADE_WRITTEN = 3, /* the root is new; the settings are not placed yet */
};

enum lb_upgrade_outcome {
	LB_UPGRADE_OUTCOME_NONE = 0,
	LB_UPGRADE_COMPLETE = 1,
	LB_UPGRADE_REFUSED = 2,	    /* nothing was written */
	LB_UPGRADE_NO_SETTINGS = 3, /* the root is new, but the settings could not be placed */
	LB_UPGRADE_CUT = 4,	    /* a reset or power cut, and the image is gone */
};

struct lb_upgrade_sense {
	enum lb_upgrade_stage stage; /* as the record had it */
	bool settings;		     /* there is an archive to be placed */
};

enum lb_upgrade_step {
	LB_UPGRADE_STEP_CHECK, /* image and archive are there, and the ones that were meant */
	/* Verify, note BEGUN, write, read back, the head last. LB_E(STATE): the root is as it was
	 */
	LB_UPGRADE_STEP_WRITE,
	LB_UPGRADE_STEP_NOTE,  /* WRITTEN, into the record */
	LB_UPGRADE_STEP_PLACE, /* the archive, into a new overlay */
	LB_UPGRADE_STEP_END,   /* the result into the record, the request out of it */
	LB_UPGRADE_STEP_TIDY,  /* take the archive away */
	LB_UPGRADE_STEP_OVER,
	LB_UPGRADE_STEP_BROKEN, /* the request stays: the next boot goes on */
};

struct lb_upgrade_plan {
	struct lb_upgrade_sense sense;
	enum lb_upgrade_step step; /* to be carried out now */
	enum lb_upgrade_outcome outcome;
};

void lb_upgrade_begin(struct lb_upgrade_plan *p, const struct lb_upgrade_sense *sense);

/* Report how p->step went (>= 0 or an LB_E value) and learn the next one. */
void lb_upgrade_next(struct lb_upgrade_plan *p, int result);

static inline bool lb_upgrade_is_over(const struct lb_upgrade_plan *p)
{
	return p->step >= LB_UPGRADE_STEP_OVER;
}

enum lb_upgrade_boot {
	LB_UPGRADE_BOOT_AS_EVER,
	LB_UPGRADE_BOOT_RESUME, /* run the plan before the root is used */
	/* The image was in RAM: whatever root has its head is whole. The record is told so when one
	 * is found; else the device waits in rescue. */
	LB_UPGRADE_BOOT_TRY,
};

/* What a boot does about the request. `kept`: the record says where image and archive lie. */
enum lb_upgrade_boot lb_upgrade_at_boot(enum lb_upgrade_stage stage, bool kept);

/* "complete", ...: goes on with what was wrong. Never NULL. */
const char *lb_upgrade_outcome_text(enum lb_upgrade_outcome outcome);
