/* store/slots.h - enter one of two slots: chosen, stored, entered, and the other one when that
 * fails. */
#pragma once

#include "plat/slots.h"

struct lb_slots_entry {
	struct lb_slots_choice choice; /* the last one */
	struct lb_slots_state state;
	unsigned unusable; /* bit i: slot i was tried and could not be entered */
	int not_stored;	   /* 0, or why the last choice could not be stored */
};

/* Choose for this boot, count it and have that stored: as early as the store can be had. A store
 * that fails costs the counting, not the boot. */
void lb_slots_begin(const struct plat_slots *store, const struct lb_slots_rules *rules,
		    struct lb_slots_entry *out);

/* After lb_slots_begin(). `enter` mounts the slot's root and makes it the system's: 0, or an error
 * when it cannot be used; then the other slot is chosen, stored and entered.
 * 0: a slot was entered; LB_E(NOENT): neither could be. */
MUST_CHECK int lb_slots_enter(const struct plat_slots *store, const struct lb_slots_rules *rules,
			      int (*enter)(void *ctx, int slot), void *ctx,
			      struct lb_slots_entry *out);
