/* plat/slots.h - who keeps what is known of the slots: the recovery record, or what a boot loader
 * reads too.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "plan/slots.h"

/* The provider owns `ctx`. */
struct plat_slots {
	void *ctx;
	/* 0, or with `out` untouched LB_E(NOENT) nothing can be kept here, or another error. Where
	 * nothing was kept yet all of `out` is zero. */
	int (*load)(void *ctx, struct lb_slots_state *out);
	/* Load, let edit() change, keep: one transaction against other processes, and all of it or
	 * nothing when the power goes. A state that edit() left as it was need not be written. */
	int (*change)(void *ctx, void (*edit)(struct lb_slots_state *s, void *arg), void *arg);
	/* The boot loader has chosen the slot of this boot, and counted: the gate follows it.
	 * `chosen` is what it said, -1: nothing, then it is the active one. `reason` is what it
	 * gave for leaving the other one, LB_SLOT_REASON_NONE: nothing. */
	bool loader_chooses;
	int chosen;
	enum lb_slot_reason reason;
};
