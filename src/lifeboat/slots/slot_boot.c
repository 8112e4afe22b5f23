#include "lifeboat/slots/slot_boot.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "lifeboat/slots/slots.h"
#include "lifeboat/slots/slots_running.h"
#include "plan/cmdline.h"
#include "plat/linux/machine/machine.h"
#include "store/slots.h"

#define WAIT_FOR_STORE_MS 10000 /* as for the root device */
#define LOOK_EVERY_MS	  20

struct way {
	const struct lb_slot_hands *hands;
	const char *why; /* of the last one that could not be entered */
	char reasons[LB_SLOTS_MAX][LB_SENTENCE_MAX / 3];
};

bool lb_slot_boot_chooses(const struct lb_board *board, const char *cmdline)
{
	char root[LB_PATH_MAX];

	return board->slot_count && lb_cmdline_get(cmdline, "root", root, sizeof(root)) < 0;
}

/* The choice of this boot. */
static struct lb_slots_entry entry;
static bool counted;

static struct lb_slots_rules rules_of(const struct lb_board *board)
{
	return (struct lb_slots_rules){.tries = board->slot_tries, .toggle = board->slot_toggle};
}

static void count(const struct lb_board *board, const struct plat_slots *store, struct lb_status *s)
{
	const struct lb_slots_rules rules = rules_of(board);

	lb_slots_begin(store, &rules, &entry);
	counted = true;
	s->slot_counted_ms = entry.not_stored < 0 ? 0 : (unsigned)lb_monotonic_ms();
}

void lb_slot_boot_count(const struct lb_board *board, struct lb_status *s)
{
	const struct plat_slots store = lb_slots_store(board);
	struct lb_slots_state unused;

	if (!counted && store.load(store.ctx, &unused) == 0)
		count(board, &store, s);
}

static int enter(void *ctx, int slot)
{
	struct way *w = ctx;
	int rc = w->hands->enter(slot);

	if (rc < 0)
		(void)snprintf(w->reasons[slot], sizeof(w->reasons[slot]), "%s", w->why);
	return rc;
}

/* What this boot, or an earlier one, has against a slot. */
static const char *objection(const struct way *w, const struct lb_slots_state *s, int slot)
{
	if (w->reasons[slot][0])
		return w->reasons[slot];
	if (s->slot[slot].state == LB_SLOT_WRITING)
		return "an image was being written to it";
	return lb_slot_why_text(s->slot[slot].why);
}

static void say(const struct lb_board *board, const struct lb_slots_entry *e)
{
	const struct lb_slots_choice *c = &e->choice;

	if (e->not_stored < 0)
		log_warn("the state of the slots cannot be stored: it %s",
			 lb_strerror(e->not_stored));
	if (c->slot >= 0 && c->left >= 0)
		log_warn("slot %s is booted instead of slot %s: %s", board->slots[c->slot].name,
			 board->slots[c->left].name, lb_slot_reason_text(c->reason));
	if (c->toggle_refused)
		log_warn("several boots in a row did not last, but slot %s cannot be booted: "
			 "staying with slot %s",
			 board->slots[1 - c->slot].name, board->slots[c->slot].name);
	if (c->reason == LB_SLOT_REASON_TRY)
		log_info("slot %s is being tried: %u more boots are left to it",
			 board->slots[c->slot].name, e->state.slot[c->slot].tries);
}

/* Its device may appear later than we do, and without it nothing is known of the slots. */
static void wait_for_store(const struct plat_slots *store, void (*kick)(void *ctx))
{
	const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000l};
	const uint64_t until_ms = lb_monotonic_ms() + WAIT_FOR_STORE_MS;
	struct lb_slots_state unused;

	while (store->load(store->ctx, &unused) == LB_E(NOENT) && lb_monotonic_ms() < until_ms) {
		kick(NULL);
		(void)nanosleep(&pause, NULL);
	}
}

int lb_slot_boot(const struct lb_board *board, struct lb_status *s, const struct lb_slot_hands *h,
		 char why[LB_SENTENCE_MAX])
{
	const struct lb_slots_rules rules = rules_of(board);
	const struct plat_slots store = lb_slots_store(board);
	struct way w = {.hands = h, .why = why};
	const struct lb_slots_entry *e = &entry;
	int rc;

	if (!counted) {
		wait_for_store(&store, h->kick);
		count(board, &store, s);
	}
	rc = lb_slots_enter(&store, &rules, enter, &w, &entry);

	for (int i = 0; i < LB_SLOTS_MAX; i++)
		if (w.reasons[i][0])
			log_err("slot %s: %s", board->slots[i].name, w.reasons[i]);
	say(board, e);
	(void)snprintf(s->slot_reason, sizeof(s->slot_reason), "%s",
		       lb_slot_reason_text(e->choice.reason));
	if (rc == 0) {
		(void)snprintf(s->slot, sizeof(s->slot), "%s", board->slots[e->choice.slot].name);
		return e->choice.slot;
	}
	(void)snprintf(why, LB_SENTENCE_MAX, "neither slot can be booted; %s: %s; %s: %s",
		       board->slots[0].name, objection(&w, &e->state, 0), board->slots[1].name,
		       objection(&w, &e->state, 1));
	return -1;
}

int lb_slot_boot_look(const struct lb_board *board, struct lb_status *s)
{
	int slot = lb_slots_running(board);

	if (slot < 0)
		return slot;
	(void)snprintf(s->slot, sizeof(s->slot), "%s", board->slots[slot].name);
	(void)snprintf(s->slot_reason, sizeof(s->slot_reason), "%s",
		       lb_slot_reason_text(LB_SLOT_REASON_CMDLINE));
	return slot;
}
