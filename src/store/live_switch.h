/* store/live_switch.h - from an overlay in RAM to one on flash, under the running system. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "plan/live_switch.h"
#include "plat/live_switch.h"

struct lb_live_report {
	enum lb_live_why why; /* why the system is still on RAM */
	bool committed;	      /* the flash has what was copied */
	bool complete;	      /* and nothing that was written in RAM is missing from it */
};

/* Run the plan of plan/live_switch.h to its end. 0: the system is on flash; LB_E(STATE): it is on
 * RAM as before. `report` is filled either way. */
MUST_CHECK int lb_live_switch_run(const struct plat_live_switch *p, struct lb_live_report *report);
