/* lifeline/privileges.h - what comes from the wire is parsed without privileges. */
#pragma once

#include "base/err.h"

/* Give root up for good, in favour of the user who called sudo, else of nobody. Does nothing for
 * another user, and for root of a user namespace that has no other users: that root has no power
 * outside. LB_E(AUTH) when the kernel refuses. */
MUST_CHECK int lb_privileges_drop(void);
