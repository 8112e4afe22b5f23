/* plan/boot.h - where does this boot go? (pure)
 *
 * Sensed facts in, a decision out: before the window (lb_boot_plan), and after it (the window's own
 * outcome).
 */
#pragma once

#include <stdbool.h>

#include "plan/cmdline.h"
#include "tables/tables.h"

enum lb_root_kind {
	LB_ROOT_NONE,	  /* it cannot be mounted, or its init cannot be read */
	LB_ROOT_READONLY, /* squashfs or EROFS: made for an overlay */
	LB_ROOT_WRITABLE, /* anything else: there is no pristine system to fall back to */
};

struct lb_boot_sense {
	enum lb_root_kind root;
	enum lb_policy policy;
	enum lb_cmdline_switch failsafe_switch; /* failsafe= on the kernel command line */
	bool failsafe_requested; /* left in the recovery record by the running system */
	unsigned window_ms;
};

struct lb_boot_plan {
	bool open_window; /* ask the person; state and reason are what follows if there is no window
			   */
	bool failsafe_offered; /* the window may end in failsafe */
	bool refused;	       /* failsafe was asked for but is not offered here */
	enum lb_state state;   /* BOOTING, FAILSAFE or RESCUE */
	enum lb_reason reason;
};

struct lb_boot_plan lb_boot_plan(const struct lb_boot_sense *sense);
