/* plan/slots.h - two slots with a system each: which one does this boot enter, and what is known of
 * it then? (pure)
 *
 * The gate stores the new state before it enters the slot. So whatever ends a boot that was not to
 * end, a panic, a hang, a watchdog or the plug, has been counted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"
#include "tables/tables.h"

struct lb_slots_state {
	uint8_t active;	   /* the slot that boots enter */
	uint8_t entered;   /* the slot that the last boot entered */
	uint8_t unsettled; /* boots in a row that did not last, the present one included */
	uint8_t reason;	   /* enum lb_slot_reason: why the last boot entered that slot */
	struct {
		uint8_t state; /* enum lb_slot_state */
		uint8_t tries; /* boots that are left to a slot that is being tried */
		uint8_t why;   /* enum lb_slot_why: of a bad one, or what the last try lacked */
	} slot[LB_SLOTS_MAX];
};

/* What the board file says. */
struct lb_slots_rules {
	unsigned tries;	 /* 1 or more */
	unsigned toggle; /* boots that did not last before the next one goes to the other slot; 0 =
			  * never */
};

struct lb_slots_choice {
	int slot; /* -1: neither can be booted */
	enum lb_slot_reason reason;
	int left;	     /* the slot that was active before and is no more, or -1 */
	bool toggle_refused; /* the count said so, but the other slot cannot be booted */
};

/* Which slot to enter now; `s` is what to store before. Bit i of `unusable`: slot i could not be
 * entered in this boot; 0 is the first question of a boot, which alone counts. */
struct lb_slots_choice lb_slots_choose(struct lb_slots_state *s, const struct lb_slots_rules *rules,
				       unsigned unusable);

/* The same when nothing can be stored: a slot whose tries cannot be counted would be tried for
 * ever, so the other one is entered if it can be. */
struct lb_slots_choice lb_slots_choose_uncounted(struct lb_slots_state *s,
						 const struct lb_slots_rules *rules,
						 unsigned unusable);

/* The boot loader chose `slot` for this boot, and has counted: it is entered, whatever `s` says. */
struct lb_slots_choice lb_slots_follow(struct lb_slots_state *s, int slot);

/* A person is waited for (failsafe, rescue): this boot is no failure. And: it goes on after all. */
void lb_slots_wait(struct lb_slots_state *s);
void lb_slots_go_on(struct lb_slots_state *s);

/* The present boot has lasted. */
void lb_slots_settle(struct lb_slots_state *s);

/* The running slot proved itself, or its owner says so. LB_E(STATE): an image is being written to
 * it. */
MUST_CHECK int lb_slots_mark_good_in(struct lb_slots_state *s, int slot);

/* Not to be booted any more; the other one becomes active. LB_E(STATE): the other one cannot be
 * booted, and `force` is not set. */
MUST_CHECK int lb_slots_mark_bad_in(struct lb_slots_state *s, int slot, enum lb_slot_why why,
				    bool force);

/* To be booted next; a slot other than the `running` one (-1: none) is tried, and left again when
 * it does not prove itself. LB_E(STATE): it is bad and `force` is not set; LB_E(BUSY): it is not
 * whole, whatever `force` says. */
MUST_CHECK int lb_slots_activate_in(struct lb_slots_state *s, int slot, int running, unsigned tries,
				    bool force);

/* An image is about to be written to the slot: from now it is never booted. LB_E(STATE): the other
 * one is not known to be good, so that a power cut could leave none. */
MUST_CHECK int lb_slots_begin_write_in(struct lb_slots_state *s, int slot);

/* The image is whole: the next boots try it. */
void lb_slots_begin_try_in(struct lb_slots_state *s, int slot, unsigned tries);

/* Would a boot enter it? */
bool lb_slots_is_bootable(const struct lb_slots_state *s, int slot);
