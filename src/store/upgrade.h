/* store/upgrade.h - run the plan of plan/upgrade.h. */
#pragma once

#include "plat/upgrade.h"

/* 0: the request is out of the record, *outcome says how it ended. LB_E(STATE): the root must not
 * be used before a later run comes to its end. */
MUST_CHECK int lb_upgrade_run(const struct plat_upgrade *p, const struct lb_upgrade_sense *sense,
			      enum lb_upgrade_outcome *outcome);
