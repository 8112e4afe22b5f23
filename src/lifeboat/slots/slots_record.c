#include "lifeboat/slots/slots_record.h"

#include <stdio.h>
#include <string.h>

#include "lifeboat/record_io.h"

struct edit {
	const struct lb_board *board;
	void (*edit)(struct lb_slots_state *s, void *arg);
	void *arg;
};

/* A boot that takes another slot than the last one did is worth a line. */
static void log_choice(struct lb_record *r, const struct lb_board *board, uint8_t entered_before)
{
	char line[LB_SENTENCE_MAX];

	if (r->slots.entered == entered_before || r->slots.entered >= board->slot_count)
		return;
	(void)snprintf(line, sizeof(line), "boot %u: slot %s: %s", r->boot_count + 1,
		       board->slots[r->slots.entered].name, lb_slot_reason_text(r->slots.reason));
	lb_record_log(r, line);
}

static void change_record(struct lb_record *r, void *ctx)
{
	const struct edit *e = ctx;
	const uint8_t entered_before = r->slots.entered;

	e->edit(&r->slots, e->arg);
	log_choice(r, e->board, entered_before);
	if (r->slots.entered < LB_SLOTS_MAX)
		lb_record_enter_slot(r, r->slots.entered);
}

static int change(void *ctx, void (*edit)(struct lb_slots_state *s, void *arg), void *arg)
{
	struct edit e = {.board = ctx, .edit = edit, .arg = arg};

	return lb_record_change(e.board, change_record, &e);
}

static int load(void *ctx, struct lb_slots_state *out)
{
	static struct lb_record record;
	int rc = lb_record_read(ctx, &record);

	if (rc == 0)
		*out = record.slots;
	return rc;
}

struct plat_slots lb_slots_record(const struct lb_board *board)
{
	return (struct plat_slots){.ctx = (void *)board, .load = load, .change = change};
}
