#include "lifeboat/running/watch.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "panel/hold.h"
#include "panel/led.h"

#define EXIT_NOT_HERE 127 /* the program is not part of this system, as shells say it */

/* A command that hangs must not be in the way of a reset, nor a reboot that does: each has a place
 * of its own. */
enum place {
	PLACE_COMMAND,
	PLACE_SYSTEM, /* reboot, power off, factory reset */
	PLACE_RESET,
	PLACE_COUNT
};

struct watch {
	const struct plat *p;
	const struct lb_watch_hands *hands;
	const struct lb_button *buttons;
	struct lb_hold hold;
	unsigned armed;
	uint64_t armed_ms;
	struct {
		int pid; /* 0 = nothing is under way */
		enum lb_action action;
		const struct lb_button *button;
	} places[PLACE_COUNT];
};

struct how_long {
	char text[32];
};

/* Tenths are cut off, not rounded: 4.99 s must not read as the 5 s that would have been enough. */
static struct how_long seconds(uint64_t ms)
{
	struct how_long s;

	(void)snprintf(s.text, sizeof(s.text), "%" PRIu64 ".%" PRIu64 " s", ms / 1000,
		       ms % 1000 / 100);
	return s;
}

static enum place place_of(enum lb_action action)
{
	if (action == LB_ACTION_RESET)
		return PLACE_RESET;
	return action == LB_ACTION_RUN ? PLACE_COMMAND : PLACE_SYSTEM;
}

/* What must end first, or PLACE_COUNT. */
static enum place in_the_way(const struct watch *w, enum lb_action action)
{
	if (w->places[PLACE_SYSTEM].pid && action != LB_ACTION_RESET)
		return PLACE_SYSTEM;
	return w->places[place_of(action)].pid ? place_of(action) : PLACE_COUNT;
}

static void do_deed(struct watch *w, const struct lb_button *b, const struct lb_deed *deed,
		    uint64_t held_ms)
{
	struct how_long held = seconds(held_ms);
	enum place busy = in_the_way(w, deed->action);
	enum place place = place_of(deed->action);
	int pid;

	if (busy != PLACE_COUNT) {
		log_warn(
			"button '%s' was held for %s: ignored, because '%s' of button '%s' is still under way",
			b->name, held.text, lb_action_name(w->places[busy].action),
			w->places[busy].button->name);
		return;
	}
	log_info("button '%s' was held for %s: %s", b->name, held.text,
		 lb_action_deed(deed->action));
	pid = w->hands->begin(w->hands->ctx, deed, b, held_ms);
	if (pid < 0) {
		log_err("'%s' of button '%s' cannot be started: the child process %s",
			lb_action_name(deed->action), b->name, lb_strerror(pid));
		if (deed->action == LB_ACTION_RESET)
			w->hands->reset_here(w->hands->ctx);
		return;
	}
	w->places[place].pid = pid;
	w->places[place].action = deed->action;
	w->places[place].button = b;
}

static void answer(struct watch *w, const struct lb_hold_out *out)
{
	for (unsigned i = 0; i < w->hold.count; i++) {
		const struct lb_button *b = &w->buttons[i];

		if (out->fired >> i & 1)
			do_deed(w, b, &b->long_press, out->held_ms[i]);
		if (out->cancelled >> i & 1)
			log_info("button '%s': cancelled by another button", b->name);
		if (!(out->released >> i & 1))
			continue;
		if (out->action[i] == LB_ACTION_NONE)
			log_debug("button '%s' was held for %s: nothing is to be done", b->name,
				  seconds(out->held_ms[i]).text);
		else
			do_deed(w, b,
				out->held_ms[i] >= b->long_ms &&
						b->long_press.action != LB_ACTION_NONE
					? &b->long_press
					: &b->short_press,
				out->held_ms[i]);
	}
}

/* Returns when the LED changes next. */
static uint64_t show(struct watch *w, unsigned armed)
{
	uint64_t now_ms = w->p->now_ms(w->p->ctx);
	uint64_t edge_ms = LB_NEVER;

	if (armed && !w->armed) {
		w->hands->take_leds(w->hands->ctx);
		w->armed_ms = now_ms;
	}
	for (unsigned i = 0; i < w->hold.count; i++)
		if ((armed & ~w->armed) >> i & 1)
			log_info("button '%s': release it now for '%s'", w->buttons[i].name,
				 lb_action_name(w->buttons[i].long_press.action));
	if (armed)
		w->p->led(w->p->ctx, LB_ROLE_FAILSAFE,
			  lb_led_level(LB_LED_FAILSAFE, w->armed_ms, now_ms, &edge_ms));
	else if (w->armed) {
		w->p->led(w->p->ctx, LB_ROLE_FAILSAFE, false);
		w->hands->give_leds_back(w->hands->ctx);
	}
	w->armed = armed;
	return edge_ms;
}

static void child_ended(struct watch *w, int pid, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	for (unsigned i = 0; i < PLACE_COUNT; i++) {
		const char *action = lb_action_name(w->places[i].action);
		const char *button = w->places[i].button ? w->places[i].button->name : "";

		if (w->places[i].pid != pid || pid == 0)
			continue;
		w->places[i].pid = 0;
		if (code == 0)
			log_debug("'%s' of button '%s' is done", action, button);
		else if (code < 0)
			log_err("'%s' of button '%s' failed: signal %d ended it", action, button,
				WTERMSIG(status));
		else if (code == EXIT_NOT_HERE)
			log_err("'%s' of button '%s' failed: its program is not part of this system",
				action, button);
		else if (code == LB_EXIT_USAGE && w->places[i].action == LB_ACTION_FACTORY_RESET)
			log_err("'%s' of button '%s' failed: the lifeboat of this system has no applet "
				"'factoryreset'; nothing was erased",
				action, button);
		else
			log_err("'%s' of button '%s' failed: its program ended with exit code %d",
				action, button, code);
	}
}

static struct lb_hold_event to_hold_event(const struct plat_event *ev)
{
	if (ev->kind != PLAT_EV_BUTTON)
		return (struct lb_hold_event){.kind = LB_HOLD_TICK};
	return (struct lb_hold_event){.kind = ev->down ? LB_HOLD_DOWN : LB_HOLD_UP,
				      .button = ev->index};
}

static bool asks_to_end(const struct plat_event *ev)
{
	return ev->kind == PLAT_EV_SIGNAL && (ev->number == SIGTERM || ev->number == SIGINT);
}

static void start(struct watch *w, size_t count, unsigned debounce_ms, unsigned held,
		  uint64_t now_ms)
{
	struct lb_hold_config configs[LB_BUTTONS_MAX];

	for (size_t i = 0; i < count; i++) {
		const struct lb_button *b = &w->buttons[i];

		configs[i] = (struct lb_hold_config){.short_action = b->short_press.action,
						     .long_action = b->long_press.action,
						     .debounce_ms = debounce_ms,
						     .short_ms = b->short_ms,
						     .long_ms = b->long_ms,
						     .cancel_ms = b->cancel_ms,
						     .waits_not = b->long_press.action ==
								  LB_ACTION_RESET};
		if (held >> i & 1)
			log_warn(
				"button '%s' reads as pressed: ignored until it is released; if nobody holds "
				"it, its polarity in the device tree is wrong",
				b->name);
	}
	lb_hold_start(&w->hold, configs, (unsigned)count, held, now_ms);
}

static uint64_t earliest(uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t first = a < b ? a : b;

	return first < c ? first : c;
}

void lb_watch(const struct plat *p, const struct lb_watch_hands *hands,
	      const struct lb_button *buttons, size_t count, unsigned debounce_ms, unsigned held)
{
	struct watch w = {.p = p, .hands = hands, .buttons = buttons};
	struct plat_event ev = {.kind = PLAT_EV_TIMEOUT, .at_ms = p->now_ms(p->ctx)};

	start(&w, count, debounce_ms, held, ev.at_ms);
	while (!asks_to_end(&ev)) {
		struct lb_hold_event hev = to_hold_event(&ev);
		struct lb_hold_out out = lb_hold_step(&w.hold, &hev, ev.at_ms);
		uint64_t edge_ms, tick_ms;

		if (ev.kind == PLAT_EV_CHILD)
			child_ended(&w, ev.pid, ev.status);
		if (ev.kind == PLAT_EV_CHILD && hands->ended)
			hands->ended(hands->ctx, ev.pid, ev.status);
		answer(&w, &out);
		edge_ms = show(&w, out.armed);
		tick_ms = hands->tick ? hands->tick(hands->ctx, ev.at_ms) : LB_NEVER;
		p->wait(p->ctx, earliest(out.wake_ms, edge_ms, tick_ms), &ev);
	}
	(void)show(&w, 0);
}
