#include "store/slots.h"

struct question {
	const struct plat_slots *store;
	const struct lb_slots_rules *rules;
	struct lb_slots_entry *entry;
};

static void choose(struct lb_slots_state *s, void *arg)
{
	const struct question *q = arg;

	/* Once its choice could not be entered, the loader has no say any more. */
	if (q->store->loader_chooses && !q->entry->unusable)
		q->entry->choice =
			lb_slots_follow(s, q->store->chosen >= 0 ? q->store->chosen : s->active);
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

int lb_slots_enter(const struct plat_slots *store, const struct lb_slots_rules *rules,
		   int (*enter)(void *ctx, int slot), void *ctx, struct lb_slots_entry *out)
{
	struct question q = {.store = store, .rules = rules, .entry = out};

	*out = (struct lb_slots_entry){0};
	for (int i = 0; i <= LB_SLOTS_MAX; i++) {
		struct lb_slots_state before = {0};

		if (store->load(store->ctx, &before) < 0 && i > 0)
			before = out->state;
		out->not_stored = store->change(store->ctx, choose, &q);
		if (out->not_stored < 0)
			choose_unstored(&q, &before);
		if (out->choice.slot < 0)
			break;
		if (enter(ctx, out->choice.slot) == 0)
			return 0;
		out->unusable |= 1u << out->choice.slot;
	}
	return LB_E(NOENT);
}
