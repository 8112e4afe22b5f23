/* panel/hold.h - what a button of the running system asks for by how long it is held (pure).
 * Defaults, from OpenWrt's /etc/rc.button and from the manual of Turris MOX: tables/holds.def.
 *
 *   released before short_ms         the short action
 *   from short_ms to long_ms         nothing: whoever let go there was not sure
 *   from long_ms on                  "release now" is shown, and the release is the long action
 *   from cancel_ms on                nothing is shown any more, and the release does nothing
 *
 * A long action that does not wait (waits_not) is carried out at long_ms, once and while the button
 * is held, and nothing is shown. It is certain debounce_ms later.
 *
 * Each button is a dialogue of its own, with one exception: while "release now" is shown for a
 * button, a press of another one cancels it, and does nothing itself either. So a long press can be
 * taken back on a board without cancel_ms too.
 *
 * A button that is down when the daemon starts means nothing until it has been released: a stuck
 * one must not reset the router at every start. A press begins once the button has been down for
 * debounce_ms without a break, and ends once it has been up for as long. Chatter at either end is
 * not counted as held: in doubt a press is the shorter one. Times are milliseconds on one monotonic
 * clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tables/limits.h"
#include "tables/tables.h"

struct lb_hold_config {
	enum lb_action short_action, long_action;
	unsigned debounce_ms;
	unsigned
		short_ms; /* 0 = no limit: the short action at any release that is not a long one */
	unsigned long_ms; /* > short_ms */
	unsigned cancel_ms; /* > long_ms; 0 = no limit */
	bool waits_not;	    /* the long action is carried out at long_ms, not at the release */
};

enum lb_hold_event_kind {
	LB_HOLD_TICK,
	LB_HOLD_DOWN,
	LB_HOLD_UP,
};

struct lb_hold_event {
	enum lb_hold_event_kind kind;
	unsigned button; /* index */
};

struct lb_hold {
	unsigned count;
	struct lb_hold_button {
		struct lb_hold_config config;
		bool down;	     /* as the kernel says it */
		uint64_t since_ms;   /* of `down` */
		bool pressed;	     /* debounced */
		uint64_t pressed_ms; /* of `pressed` */
		bool leaving;	     /* pressed, but it went up since it was last down for sure */
		uint64_t left_ms;    /* when that was */
		bool void_press;     /* nothing comes of it: from the start, or cancelled */
	} buttons[LB_BUTTONS_MAX];
};

struct lb_hold_out {
	/* A bit for each button. */
	unsigned released;  /* was let go of just now, and `held_ms` is for how long */
	unsigned cancelled; /* was taken back by another button just now */
	unsigned fired;	    /* its long action is due while it is held; held_ms as above */
	enum lb_action action[LB_BUTTONS_MAX]; /* of those in `released` */
	uint64_t held_ms[LB_BUTTONS_MAX];
	unsigned armed;	  /* "release now" holds for these; 0 = nothing is to be shown */
	uint64_t wake_ms; /* call again with LB_HOLD_TICK no later than this */
};

/* Begin with `count` buttons, at most LB_BUTTONS_MAX. Bit i of held: button i is down right now. */
void lb_hold_start(struct lb_hold *h, const struct lb_hold_config *configs, unsigned count,
		   unsigned held, uint64_t now_ms);

struct lb_hold_out lb_hold_step(struct lb_hold *h, const struct lb_hold_event *ev, uint64_t now_ms);
