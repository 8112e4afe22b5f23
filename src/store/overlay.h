/* store/overlay.h - bring the writable overlay up, whatever state it is in. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "plan/overlay.h"
#include "plat/overlay.h"

/* From this on an owner is told: one more package and nothing can be saved any more. */
#define LB_OVERLAY_FULL_PERCENT 95

struct lb_overlay_report {
	enum lb_overlay_fs fs;
	enum lb_overlay_why why; /* why it runs on RAM, or not at all */
	bool on_tmpfs;		 /* the internal overlay is in RAM: lost at the next reboot */
	bool extroot;		 /* but the owner's stick is in front of it */
	bool formatted, checked;
	bool reset_finished; /* what a reset with -k had left was deleted */
	enum lb_fs_state fs_state;
	int used_percent; /* -1 = unknown */
};

/* Run the plan of plan/overlay.h to its end. 0: an overlay (perhaps in RAM) is over the root;
 * LB_E(STATE): nothing could be put over it, the root is as it was. `report` is filled either way.
 */
MUST_CHECK int lb_overlay_bring_up(const struct plat_overlay *p,
				   const struct lb_overlay_sense *sense,
				   struct lb_overlay_report *report);
