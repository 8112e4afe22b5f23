#include "plan/slots.h"

_Static_assert(LB_SLOTS_MAX == 2, "other() knows two slots");

static int other(int slot)
{
	return 1 - slot;
}

static bool is_whole(const struct lb_slots_state *s, int slot)
{
	return s->slot[slot].state == LB_SLOT_NEW || s->slot[slot].state == LB_SLOT_GOOD;
}

/* A state that a later version knows is not booted: it may mean anything. */
bool lb_slots_is_bootable(const struct lb_slots_state *s, int slot)
{
	return is_whole(s, slot) ||
	       (s->slot[slot].state == LB_SLOT_TRYING && s->slot[slot].tries > 0);
}

static bool can_be_entered(const struct lb_slots_state *s, int slot, unsigned unusable)
{
	return lb_slots_is_bootable(s, slot) && !(unusable >> slot & 1);
}

/* What only could not be read may be read today: a loose plug, a disk that was late. */
static bool is_worth_a_look(const struct lb_slots_state *s, int slot, unsigned unusable)
{
	return s->slot[slot].state == LB_SLOT_BAD && s->slot[slot].why == LB_SLOT_WHY_UNUSABLE &&
	       !(unusable >> slot & 1);
}

/* Write down why this slot is not booted, and say it from the other one's point of view. */
static enum lb_slot_reason give_up(struct lb_slots_state *s, int slot, unsigned unusable)
{
	if (s->slot[slot].state == LB_SLOT_WRITING)
		return LB_SLOT_REASON_WRITING;
	if (unusable >> slot & 1) {
		s->slot[slot].state = LB_SLOT_BAD;
		s->slot[slot].why = LB_SLOT_WHY_UNUSABLE;
		return LB_SLOT_REASON_UNUSABLE;
	}
	if (s->slot[slot].state != LB_SLOT_TRYING)
		return s->slot[slot].why == LB_SLOT_WHY_UNUSABLE ? LB_SLOT_REASON_UNUSABLE
								 : LB_SLOT_REASON_BAD;
	s->slot[slot].state = LB_SLOT_BAD;
	if (s->slot[slot].why == LB_SLOT_WHY_NONE)
		s->slot[slot].why = LB_SLOT_WHY_TRIES;
	return LB_SLOT_REASON_TRIES;
}

static bool count(struct lb_slots_state *s, const struct lb_slots_rules *rules)
{
	if (rules->toggle == 0)
		return false;
	if (s->unsettled < UINT8_MAX)
		s->unsettled++;
	return s->unsettled > rules->toggle;
}

/* The active slot cannot be entered. */
static void fall_back(struct lb_slots_choice *c, struct lb_slots_state *s, unsigned unusable)
{
	const int from = s->active, to = other(from);

	c->reason = give_up(s, from, unusable);
	if (can_be_entered(s, to, unusable)) {
		c->slot = to;
	} else if (is_worth_a_look(s, to, unusable) || is_worth_a_look(s, from, unusable)) {
		c->slot = is_worth_a_look(s, to, unusable) ? to : from;
		c->reason = LB_SLOT_REASON_LAST;
	} else {
		(void)give_up(s, to, unusable);
		c->reason = LB_SLOT_REASON_NO_SLOT;
		return;
	}
	if (s->unsettled > 1)
		s->unsettled = 1;
}

static void enter(struct lb_slots_choice *c, struct lb_slots_state *s)
{
	if (c->slot >= 0) {
		if (s->active != c->slot)
			c->left = s->active;
		s->active = s->entered = (uint8_t)c->slot;
		if (s->slot[c->slot].state == LB_SLOT_TRYING)
			s->slot[c->slot].tries--;
	}
	s->reason = (uint8_t)c->reason;
}

struct lb_slots_choice lb_slots_choose(struct lb_slots_state *s, const struct lb_slots_rules *rules,
				       unsigned unusable)
{
	struct lb_slots_choice c = {.slot = -1, .left = -1};
	bool toggles = unusable == 0 && count(s, rules);

	if (s->active >= LB_SLOTS_MAX)
		s->active = 0;
	if (!can_be_entered(s, s->active, unusable)) {
		fall_back(&c, s, unusable);
	} else if (toggles && can_be_entered(s, other(s->active), unusable)) {
		c.slot = other(s->active);
		c.reason = LB_SLOT_REASON_TOGGLE;
		s->unsettled = 1;
	} else {
		c.slot = s->active;
		c.toggle_refused = toggles;
		if (toggles)
			s->unsettled = 1;
		c.reason = s->slot[c.slot].state == LB_SLOT_TRYING ? LB_SLOT_REASON_TRY
								   : LB_SLOT_REASON_ACTIVE;
	}
	enter(&c, s);
	return c;
}

struct lb_slots_choice lb_slots_choose_uncounted(struct lb_slots_state *s,
						 const struct lb_slots_rules *rules,
						 unsigned unusable)
{
	struct lb_slots_choice c = lb_slots_choose(s, rules, unusable);

	if (c.slot < 0 || s->slot[c.slot].state != LB_SLOT_TRYING || !is_whole(s, other(c.slot)) ||
	    (unusable >> other(c.slot) & 1))
		return c;
	c = (struct lb_slots_choice){
		.slot = other(c.slot), .reason = LB_SLOT_REASON_NO_COUNT, .left = c.slot};
	s->entered = (uint8_t)c.slot;
	s->reason = (uint8_t)c.reason;
	return c;
}

struct lb_slots_choice lb_slots_follow(struct lb_slots_state *s, int slot)
{
	const bool left_other = s->slot[other(slot)].state == LB_SLOT_BAD &&
				s->slot[other(slot)].why == LB_SLOT_WHY_TRIES;
	struct lb_slots_choice c = {.slot = slot, .left = -1};

	if (s->slot[slot].state == LB_SLOT_TRYING)
		c.reason = LB_SLOT_REASON_TRY;
	else
		c.reason = left_other ? LB_SLOT_REASON_TRIES : LB_SLOT_REASON_ACTIVE;
	s->entered = (uint8_t)slot;
	s->reason = (uint8_t)c.reason;
	return c;
}

void lb_slots_wait(struct lb_slots_state *s)
{
	const uint8_t i = s->entered;

	s->unsettled = 0;
	if (i < LB_SLOTS_MAX && s->slot[i].state == LB_SLOT_TRYING && s->slot[i].tries < UINT8_MAX)
		s->slot[i].tries++;
}

void lb_slots_go_on(struct lb_slots_state *s)
{
	const uint8_t i = s->entered;

	if (i < LB_SLOTS_MAX && s->slot[i].state == LB_SLOT_TRYING && s->slot[i].tries > 0)
		s->slot[i].tries--;
}

void lb_slots_settle(struct lb_slots_state *s)
{
	s->unsettled = 0;
}

int lb_slots_mark_good_in(struct lb_slots_state *s, int slot)
{
	if (s->slot[slot].state == LB_SLOT_WRITING)
		return LB_E(STATE);
	s->slot[slot].state = LB_SLOT_GOOD;
	s->slot[slot].tries = 0;
	s->slot[slot].why = LB_SLOT_WHY_NONE;
	return 0;
}

int lb_slots_mark_bad_in(struct lb_slots_state *s, int slot, enum lb_slot_why why, bool force)
{
	if (!lb_slots_is_bootable(s, other(slot)) && !force)
		return LB_E(STATE);
	if (s->slot[slot].state != LB_SLOT_WRITING)
		s->slot[slot].state = LB_SLOT_BAD;
	s->slot[slot].tries = 0;
	s->slot[slot].why = (uint8_t)why;
	s->active = (uint8_t)other(slot);
	return 0;
}

int lb_slots_activate_in(struct lb_slots_state *s, int slot, int running, unsigned tries,
			 bool force)
{
	if (s->slot[slot].state == LB_SLOT_WRITING)
		return LB_E(BUSY);
	if (!is_whole(s, slot) && s->slot[slot].state != LB_SLOT_TRYING && !force)
		return LB_E(STATE);
	if (slot != running)
		lb_slots_begin_try_in(s, slot, tries);
	s->active = (uint8_t)slot;
	s->unsettled = 0;
	return 0;
}

int lb_slots_begin_write_in(struct lb_slots_state *s, int slot)
{
	if (!is_whole(s, other(slot)))
		return LB_E(STATE);
	s->slot[slot].state = LB_SLOT_WRITING;
	s->slot[slot].tries = 0;
	s->slot[slot].why = LB_SLOT_WHY_NONE;
	s->active = (uint8_t)other(slot);
	return 0;
}

void lb_slots_begin_try_in(struct lb_slots_state *s, int slot, unsigned tries)
{
	s->slot[slot].state = LB_SLOT_TRYING;
	s->slot[slot].tries = (uint8_t)tries;
	s->slot[slot].why = LB_SLOT_WHY_NONE;
	s->active = (uint8_t)slot;
	s->unsettled = 0;
}
