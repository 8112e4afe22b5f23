#include "lifeboat/slots/slots.h"

#include <stdio.h>
#include <string.h>

#include "lifeboat/record_io.h"
#include "lifeboat/slots/slots_record.h"
#include "lifeboat/slots/slots_running.h"
#include "lifeboat/slots/slots_uboot.h"

struct plat_slots lb_slots_store(const struct lb_board *board)
{
	switch (board->slot_store) {
	case LB_SLOT_STORE_RECORD:
		break;
	case LB_SLOT_STORE_UBOOT_ENV:
		return lb_slots_uboot(board);
	}
	return lb_slots_record(board);
}

/* The question that the next boot will ask, without the power-cycle count. */
static int next_of(const struct lb_board *board, struct lb_slots_state s)
{
	const struct lb_slots_rules rules = {.tries = board->slot_tries};

	return lb_slots_choose(&s, &rules, 0).slot;
}

int lb_slots_read(const struct lb_board *board, struct lb_slots *out)
{
	const struct plat_slots store = lb_slots_store(board);
	struct lb_slots_state s;
	int rc;

	if (board->slot_count == 0)
		return LB_E(NOENT);
	rc = store.load(store.ctx, &s);
	if (rc < 0)
		return rc == LB_E(NOENT) ? LB_E(IO) : rc;
	*out = (struct lb_slots){.count = board->slot_count,
				 .running = lb_slots_running(board),
				 .next = next_of(board, s),
				 .state = s};
	for (size_t i = 0; i < out->count; i++) {
		memcpy(out->slot[i].name, board->slots[i].name, sizeof(out->slot[i].name));
		memcpy(out->slot[i].root, board->slots[i].root, sizeof(out->slot[i].root));
		out->slot[i].state = (enum lb_slot_state)s.slot[i].state;
		out->slot[i].tries = s.slot[i].tries;
		out->slot[i].why = (enum lb_slot_why)s.slot[i].why;
	}
	return 0;
}

int lb_slots_other(const struct lb_slots *slots)
{
	if (slots->running >= 0)
		return 1 - slots->running;
	return slots->next >= 0 ? 1 - slots->next : 0;
}

int lb_slots_change(const struct lb_board *board, void (*edit)(struct lb_slots_state *s, void *arg),
		    void *arg)
{
	const struct plat_slots store = lb_slots_store(board);

	return board->slot_count ? store.change(store.ctx, edit, arg) : LB_E(NOENT);
}

struct mark {
	const struct lb_board *board;
	int slot, rc;
};

static void begin_write(struct lb_slots_state *s, void *arg)
{
	struct mark *m = arg;

	m->rc = lb_slots_begin_write_in(s, m->slot);
}

static void begin_try(struct lb_slots_state *s, void *arg)
{
	const struct mark *m = arg;

	lb_slots_begin_try_in(s, m->slot, m->board->slot_tries);
}

/* A new image gets a new overlay: nothing that is known of the old one holds. */
static void renew(struct lb_record *r, void *slot)
{
	lb_record_renew_slot(r, *(unsigned *)slot);
}

int lb_slots_mark_writing(const struct lb_board *board, int slot)
{
	struct mark m = {.board = board, .slot = slot};
	unsigned renewed = (unsigned)slot;
	int rc;

	if (slot < 0 || slot >= (int)board->slot_count)
		return LB_E(RANGE);
	if (lb_slots_running(board) == slot)
		return LB_E(BUSY);
	rc = lb_slots_change(board, begin_write, &m);
	if (rc == 0)
		rc = m.rc;
	return rc < 0 ? rc : lb_record_change(board, renew, &renewed);
}

int lb_slots_mark_try(const struct lb_board *board, int slot)
{
	struct mark m = {.board = board, .slot = slot};

	if (slot < 0 || slot >= (int)board->slot_count)
		return LB_E(RANGE);
	return lb_slots_change(board, begin_try, &m);
}
