#include "store/slots.h"

struct question {
	const struct plat_slots *store;
	const struct lb_slots_rules *rules;
	struct lb_slots_entry *entry;
};

static struct lb_slots_choice follow(struct lb_slots_state *s, const struct plat_slots *store)
{
	struct lb_slots_choice c =
		lb_slots_follow(s, store->chosen >= 0 ? store->chosen : s->active);

	if (store->reason == LB_SLOT_REASON_NONE || store->chosen < 0)
		return c;
	c.reason = store->reason;
	c.left = LB_SLOTS_MAX - 1 - c.slot;
	s->reason = (uint8_t)c.reason;
	return c;
}

static void choose(struct lb_slots_state *s, void *arg)
{
	const struct question *q = arg;

	/* Once its choice could not be entered, the loader has no say any more. */
	if (q->store->loader_chooses && !q->entry->unusable)
		q->entry->choice = follow(s, q->store);
	else
		q->entry->choice = lb_slots_choose(s, q->rules, q->entry->unusable);
	q->entry->state = *s;
}

static void choose_unstored(const struct question *q, const struct lb_slots_state *before)
{
	struct lb_slots_entry *e = q->entry;

	e->state = *before;
	if (q->store->loader_chooses && !e->unusable)
		choose(&e->state, (void *)q);
	else
		e->choice = lb_slots_choose_uncounted(&e->state, q->rules, e->unusable);
}

static void ask(const struct question *q)
{
	struct lb_slots_state before = q->entry->state;

	(void)!q->store->load(q->store->ctx, &before);
	q->entry->not_stored = q->store->change(q->store->ctx, choose, (void *)q);
	if (q->entry->not_stored < 0)
		choose_unstored(q, &before);
}

void lb_slots_begin(const struct plat_slots *store, const struct lb_slots_rules *rules,
		    struct lb_slots_entry *out)
{
	const struct question q = {.store = store, .rules = rules, .entry = out};

	*out = (struct lb_slots_entry){0};
	ask(&q);
}

int lb_slots_enter(const struct plat_slots *store, const struct lb_slots_rules *rules,
		   int (*enter)(void *ctx, int slot), void *ctx, struct lb_slots_entry *out)
{
	const struct question q = {.store = store, .rules = rules, .entry = out};

	for (int i = 0; i <= LB_SLOTS_MAX; i++) {
		if (i > 0)
			ask(&q);
		if (out->choice.slot < 0)
			break;
		if (enter(ctx, out->choice.slot) == 0)
			return 0;
		out->unusable |= 1u << out->choice.slot;
	}
	return LB_E(NOENT);
}
