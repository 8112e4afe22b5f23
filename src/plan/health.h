/* plan/health.h - when has a boot lasted, and when has a new system proved itself? (pure)
 *
 * Asked again and again by a process of the running system (lifeboat/slots/slot_guard.c), once for
 * each boot of a board with slots.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct lb_guard_rules {
	uint64_t stable_ms;  /* of the kernel's time */
	uint64_t health_ms;  /* from the start of the system */
	uint64_t confirm_ms; /* the same; 0 = no confirmation is asked for */
};

struct lb_guard_sense {
	uint64_t now_ms; /* the kernel's time */
	bool trying;	 /* the slot still has to prove itself, by what is stored now */
	bool unproved;	 /* it was booted because nothing else was left: it may prove itself, but
			  * there is nothing to go back to */
	bool healthy;	 /* the system is up, and everything of the health check is there */
};

enum lb_guard_deed {
	LB_GUARD_WAIT,	 /* ask again at wake_ms */
	LB_GUARD_SETTLE, /* store that the boot lasted */
	LB_GUARD_PROVED, /* store that the slot is good, and that the boot lasted */
	LB_GUARD_ASK,	 /* tell the owner to confirm */
	LB_GUARD_LEAVE,	 /* not healthy in time: reboot, that was one of its tries */
	LB_GUARD_REVERT, /* not confirmed in time: the slot is bad, reboot */
	LB_GUARD_END,	 /* nothing is left to be done in this boot */
};

struct lb_guard {
	uint64_t began_ms; /* when the system was started */
	bool settled, passed, asked;
};

struct lb_guard_step {
	enum lb_guard_deed deed;
	uint64_t wake_ms;
};

/* What to do now. Whatever is asked for but WAIT and END counts as done; ask again right away. */
struct lb_guard_step lb_guard_next(struct lb_guard *g, const struct lb_guard_rules *rules,
				   const struct lb_guard_sense *sense);
