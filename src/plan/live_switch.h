/* plan/live_switch.h - from an overlay in RAM to one on flash, under the running system (pure).
 *
 * Flash that has to be erased first would keep a person waiting for minutes, so the system starts
 * on RAM, and when it is up this plan erases the flash, copies what was written meanwhile, and puts
 * the root on it. The record says FORMATTING until the copy is complete and in its place: a power
 * cut before that leaves a flash that the next boot erases again, after it one with all settings.
 * Nothing in RAM is touched before the flash has it all; what fails leaves the system on RAM.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* A system that writes all the time never lets a pass find nothing: then the rest goes with the
 * last pass, after the switch. */
#define LB_LIVE_PASSES_MAX 8

enum lb_live_step {
	LB_LIVE_NOTE,	  /* the record says that a formatting was begun */
	LB_LIVE_ERASE,	  /* erase the flash; takes minutes */
	LB_LIVE_MOUNT,	  /* mount it aside */
	LB_LIVE_COPY,	  /* copy what changed since the last pass, into a staging directory */
	LB_LIVE_COMMIT,	  /* the staging directory, complete and durable, gets its name */
	LB_LIVE_UNNOTE,	  /* the record forgets the formatting: from here on the flash counts */
	LB_LIVE_ENTER,	  /* the root of everything that runs is on the flash */
	LB_LIVE_CATCH_UP, /* what was written to RAM during that moment */
	LB_LIVE_LEAVE,	  /* let go of the flash: the system stays on RAM, `why` says why */
	LB_LIVE_DONE,
	LB_LIVE_ON_RAM,
};

enum lb_live_why {
	LB_LIVE_WHY_NOTHING,
	LB_LIVE_WHY_RESET, /* a factory reset was asked for meanwhile: nothing is to be kept */
	LB_LIVE_WHY_NOT_ERASED,
	LB_LIVE_WHY_NOT_MOUNTED,
	LB_LIVE_WHY_NO_ROOM,
	LB_LIVE_WHY_NOT_COPIED,
	LB_LIVE_WHY_RECORD,	 /* it would ask the next boot to erase what is saved now */
	LB_LIVE_WHY_NOT_ENTERED, /* the flash has all, but the root stays on RAM until the reboot */
};

struct lb_live_plan {
	enum lb_live_step step; /* to be carried out now */
	enum lb_live_why why;
	unsigned passes;
	bool committed; /* the next boot has what was copied */
	bool complete;	/* and nothing is missing from it */
};

void lb_live_begin(struct lb_live_plan *p);

/* Report how p->step went (>= 0 or an LB_E value) and learn the next one. LB_LIVE_COPY reports how
 * many entries it changed. LB_E(STATE) from any step before LB_LIVE_UNNOTE: a reset was asked for.
 */
void lb_live_next(struct lb_live_plan *p, int result);

/* One sentence for a person. Never NULL; "" for LB_LIVE_WHY_NOTHING. */
const char *lb_live_why_text(enum lb_live_why why);
