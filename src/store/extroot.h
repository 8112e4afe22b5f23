/* store/extroot.h - a factory reset of a router whose overlay is on a stick. Two devices, one
 * reset:
 *
 *   1. the stick's state asks for it: this commits     2. the stick's overlay is deleted
 *   3. the internal overlay is reset (store/reset.h)   4. the stick's state is taken away
 *
 * Cut between 1 and 3, the next boot attaches the stick, finds the request and does the rest. Cut
 * after 3, the internal overlay no longer names the stick, on which nothing is left but a state
 * that no longer means anything: should the stick be used again, it is told from a real request by
 * the internal overlay, which has not used the stick yet.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "plat/extroot.h"

/* Steps 1 and 2. 0; LB_E(...): something of the overlay is still on the stick. Go on with step 3
 * either way. */
MUST_CHECK int lb_extroot_reset_begin(const struct plat_extroot *p, uint64_t *entries);

/* Step 4. */
void lb_extroot_reset_end(const struct plat_extroot *p);

enum lb_extroot_settled {
	LB_EXTROOT_NOTHING_ASKED, /* attach the stick */
	LB_EXTROOT_RESET,	  /* both are reset: do not attach it, nothing names it any more */
};

/* When the stick is about to be attached: finish the reset that it asks for. enum
 * lb_extroot_settled, or LB_E(...): the internal overlay may be reset, the stick is not all empty.
 */
MUST_CHECK int lb_extroot_settle(const struct plat_extroot *p);
