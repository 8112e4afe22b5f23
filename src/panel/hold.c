#include "panel/hold.h"

#include "panel/led.h"

void lb_hold_start(struct lb_hold *h, const struct lb_hold_config *configs, unsigned count,
		   unsigned held, uint64_t now_ms)
{
	*h = (struct lb_hold){.count = count};
	for (unsigned i = 0; i < count; i++) {
		struct lb_hold_button *b = &h->buttons[i];

		b->config = configs[i];
		b->down = b->pressed = b->void_press = held >> i & 1;
		b->since_ms = b->pressed_ms = now_ms;
	}
}

static uint64_t elapsed(uint64_t from_ms, uint64_t to_ms)
{
	return to_ms > from_ms ? to_ms - from_ms : 0;
}

static bool has_left(const struct lb_hold_button *b, uint64_t at_ms)
{
	return b->leaving && b->left_ms <= at_ms;
}

/* For how long it is held at that moment. */
static uint64_t held_ms(const struct lb_hold_button *b, uint64_t at_ms)
{
	return elapsed(b->pressed_ms, has_left(b, at_ms) ? b->left_ms : at_ms);
}

static bool is_armed(const struct lb_hold_button *b, uint64_t at_ms)
{
	uint64_t ms = held_ms(b, at_ms);

	return b->pressed && !b->void_press && b->config.long_action != LB_ACTION_NONE &&
	       !b->config.waits_not && ms >= b->config.long_ms &&
	       (!b->config.cancel_ms || ms < b->config.cancel_ms);
}

static enum lb_action meaning(const struct lb_hold_config *c, uint64_t ms)
{
	if (c->cancel_ms && ms >= c->cancel_ms)
		return LB_ACTION_NONE;
	if (ms >= c->long_ms && c->long_action != LB_ACTION_NONE)
		return c->long_action;
	return !c->short_ms || ms < c->short_ms ? c->short_action : LB_ACTION_NONE;
}

/* When the button's level will have lasted long enough to be believed. */
static uint64_t settles_ms(const struct lb_hold_button *b)
{
	bool settled = b->down == b->pressed && !b->leaving;

	return settled ? LB_NEVER : b->since_ms + b->config.debounce_ms;
}

static void begin_press(struct lb_hold *h, unsigned i, struct lb_hold_out *out)
{
	struct lb_hold_button *b = &h->buttons[i];

	b->pressed = true;
	b->pressed_ms = b->since_ms;
	for (unsigned k = 0; k < h->count; k++) {
		struct lb_hold_button *other = &h->buttons[k];

		/* Whoever had let go of the other one before wanted its long action. */
		if (k == i || !is_armed(other, b->pressed_ms) || has_left(other, b->pressed_ms))
			continue;
		other->void_press = b->void_press = true;
		out->cancelled |= 1u << k;
	}
}

static void end_press(struct lb_hold *h, unsigned i, struct lb_hold_out *out)
{
	struct lb_hold_button *b = &h->buttons[i];
	uint64_t ms = held_ms(b, b->left_ms);

	/* The time stamp of a release may be earlier than the tick at which its press was believed.
	 */
	if (!b->void_press && ms >= b->config.debounce_ms) {
		out->released |= 1u << i;
		out->held_ms[i] = ms;
		out->action[i] = meaning(&b->config, ms);
	}
	b->pressed = b->void_press = b->leaving = false;
}

static void settle_one(struct lb_hold *h, unsigned i, struct lb_hold_out *out)
{
	struct lb_hold_button *b = &h->buttons[i];

	if (!b->pressed)
		begin_press(h, i, out);
	else if (b->down)
		b->leaving = false; /* a break, and not the end of the press */
	else
		end_press(h, i, out);
}

/* Let all that became certain until now happen, in the order in which it did. */
static void settle(struct lb_hold *h, struct lb_hold_out *out, uint64_t now_ms)
{
	for (;;) {
		uint64_t first_ms = LB_NEVER;
		unsigned first = 0;

		for (unsigned i = 0; i < h->count; i++) {
			if (settles_ms(&h->buttons[i]) >= first_ms)
				continue;
			first_ms = settles_ms(&h->buttons[i]);
			first = i;
		}
		if (first_ms > now_ms || first_ms == LB_NEVER)
			return;
		settle_one(h, first, out);
	}
}

/* When a long action that does not wait is due. */
static uint64_t fires_ms(const struct lb_hold_button *b)
{
	const bool may = b->pressed && !b->leaving && !b->void_press && b->config.waits_not &&
			 b->config.long_action != LB_ACTION_NONE;

	return may ? b->pressed_ms + b->config.long_ms + b->config.debounce_ms : LB_NEVER;
}

static void fire(struct lb_hold *h, unsigned i, struct lb_hold_out *out, uint64_t now_ms)
{
	struct lb_hold_button *b = &h->buttons[i];

	if (fires_ms(b) > now_ms)
		return;
	b->void_press = true; /* its release means nothing any more */
	out->fired |= 1u << i;
	out->held_ms[i] = held_ms(b, now_ms);
}

static void take_level(struct lb_hold *h, const struct lb_hold_event *ev, uint64_t now_ms)
{
	struct lb_hold_button *b;
	bool down = ev->kind == LB_HOLD_DOWN;

	if (ev->button >= h->count)
		return;
	b = &h->buttons[ev->button];
	if (b->down == down) {
		/* Down again: the release in between was lost, and nobody knows when it was. What
		 * was held until then must not count as one long press. */
		if (!down)
			return;
		b->pressed = b->void_press = b->leaving = false;
	}
	if (!down && b->pressed && !b->leaving) {
		b->leaving = true;
		b->left_ms = now_ms;
	}
	b->down = down;
	b->since_ms = now_ms;
}

static uint64_t sooner(uint64_t a_ms, uint64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

/* When something will have to be done even if nothing happens. */
static uint64_t wake_ms(const struct lb_hold_button *b, uint64_t now_ms)
{
	uint64_t wake = settles_ms(b);
	uint64_t long_ms = b->pressed_ms + b->config.long_ms;
	uint64_t cancel_ms = b->pressed_ms + b->config.cancel_ms;

	if (!b->pressed || b->leaving || b->void_press || b->config.long_action == LB_ACTION_NONE)
		return wake;
	if (b->config.waits_not)
		return sooner(wake, fires_ms(b));
	if (now_ms < long_ms)
		wake = sooner(wake, long_ms);
	if (b->config.cancel_ms && now_ms < cancel_ms)
		wake = sooner(wake, cancel_ms);
	return wake;
}

struct lb_hold_out lb_hold_step(struct lb_hold *h, const struct lb_hold_event *ev, uint64_t now_ms)
{
	struct lb_hold_out out = {.wake_ms = LB_NEVER};

	settle(h, &out, now_ms);
	if (ev->kind != LB_HOLD_TICK)
		take_level(h, ev, now_ms);
	settle(h, &out, now_ms);
	for (unsigned i = 0; i < h->count; i++) {
		fire(h, i, &out, now_ms);
		if (is_armed(&h->buttons[i], now_ms) && !h->buttons[i].leaving)
			out.armed |= 1u << i;
		out.wake_ms = sooner(out.wake_ms, wake_ms(&h->buttons[i], now_ms));
	}
	return out;
}
