/* store/reset.h - carry a factory reset out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/reset.h"
#include "plat/reset.h"

struct lb_reset_report {
	enum lb_reset_why why; /* what did not work, NOTHING if all did */
	bool committed;	       /* the reset happens, if not now then at the next boot */
	bool deleted;	       /* nothing is left even now */
	uint64_t entries;      /* deleted now */
};

/* Run the plan of plan/reset.h. 0: reset, or it will be by the next boot; LB_E(STATE): refused or
 * failed. `report` is filled either way: a failure after the commit still ends in a reset. */
MUST_CHECK int lb_reset_run(const struct plat_reset *p, const struct lb_reset_sense *sense,
			    struct lb_reset_report *report);
