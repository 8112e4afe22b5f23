/* lifeboat/slots/slots.h - the slots of this device: which one runs, which one is next, and what
 * becomes of them. docs/slots.md. */
#pragma once

#include "plat/slots.h"
#include "store/board.h"

struct lb_slots {
	size_t count; /* LB_SLOTS_MAX */
	int running;  /* the slot whose root is mounted; -1: none of them, as in rescue */
	int next;     /* the slot that the next boot enters; -1: neither can be booted */
	struct lb_slots_state state;
	struct {
		char name[LB_SLOT_NAME_MAX];
		char root[LB_PATH_MAX]; /* as the board file has it */
		enum lb_slot_state state;
		unsigned tries; /* boots that are left to one that is being tried */
		enum lb_slot_why why;
	} slot[LB_SLOTS_MAX];
};

/* LB_E(NOENT): this board has no slots. Another error: what is known of them cannot be read. */
MUST_CHECK int lb_slots_read(const struct lb_board *board, struct lb_slots *out);

/* Where an update goes: the slot that does not run. When neither does (rescue), the one that is not
 * next. */
int lb_slots_other(const struct lb_slots *slots);

/* An image is about to be written to the slot: durable before this returns, and the slot is not
 * booted before lb_slots_mark_try(). LB_E(BUSY): it is the running one. LB_E(STATE): the other one
 * has not proved itself yet (lifeboat slot good), so that a power cut could leave the device
 * without a system that is known to work. */
MUST_CHECK int lb_slots_mark_writing(const struct lb_board *board, int slot);

/* Written and read back: the next boot tries it, as often as the board file says, then goes back.
 */
MUST_CHECK int lb_slots_mark_try(const struct lb_board *board, int slot);

/* Any other change; LB_E(NOENT): no slots, or no place that remembers them. */
MUST_CHECK int lb_slots_change(const struct lb_board *board,
			       void (*edit)(struct lb_slots_state *s, void *arg), void *arg);

/* The place that the board file names under slots.store. Owned by the board. */
struct plat_slots lb_slots_store(const struct lb_board *board);
