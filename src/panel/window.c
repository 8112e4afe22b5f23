#include "panel/window.h"

#include <string.h>

#include "panel/led.h"

#define ANNOUNCE_EVERY_MS 1000 /* as OpenWrt's preinit does */

void lb_window_open(struct lb_window *w, const struct lb_window_config *config,
		    unsigned held_buttons, uint64_t now_ms)
{
	*w = (struct lb_window){.config = *config, .opened_ms = now_ms, .next_announce_ms = now_ms};
	for (unsigned i = 0; i < LB_BUTTONS_MAX; i++) {
		w->buttons[i].down = held_buttons >> i & 1;
		w->buttons[i].from_start = w->buttons[i].down;
		w->buttons[i].since_ms = now_ms;
	}
}

static struct lb_window_out failsafe(struct lb_window_out out, enum lb_reason reason,
				     unsigned button)
{
	out.over = true;
	out.state = LB_STATE_FAILSAFE;
	out.reason = reason;
	out.button = button;
	return out;
}

static void take_button(struct lb_window *w, const struct lb_window_event *ev, uint64_t now_ms)
{
	bool down = ev->kind == LB_WINDOW_BUTTON_DOWN;

	if (ev->button >= LB_BUTTONS_MAX || w->buttons[ev->button].down == down)
		return;
	w->buttons[ev->button].down = down;
	w->buttons[ev->button].from_start = false;
	w->buttons[ev->button].refused = false;
	w->buttons[ev->button].since_ms = now_ms;
}

static struct lb_window_out take_line(struct lb_window *w, const char *line,
				      struct lb_window_out out)
{
	if (strcmp(line, "f") == 0) {
		if (w->config.failsafe)
			return failsafe(out, LB_REASON_CONSOLE, 0);
		out.refused = true;
	} else if (line[0] >= '1' && line[0] <= '4' && line[1] == '\0') {
		w->debug_level = (unsigned)(line[0] - '0');
		out.level_chosen = true;
	}
	return out;
}

static uint64_t end_ms(const struct lb_window *w)
{
	return w->opened_ms + w->config.window_ms;
}

/* The button that has been down for long enough, or the time at which one will have been. A press
 * that begins in the window counts, even if it becomes certain only after the end. */
static struct lb_window_out look_at_buttons(struct lb_window *w, struct lb_window_out out,
					    uint64_t now_ms)
{
	out.wake_ms = LB_NEVER;
	for (unsigned i = 0; i < LB_BUTTONS_MAX; i++) {
		uint64_t counts_ms = w->buttons[i].since_ms + w->config.debounce_ms;

		if (!w->buttons[i].down || w->buttons[i].refused ||
		    w->buttons[i].since_ms >= end_ms(w))
			continue;
		if (now_ms < counts_ms) {
			out.wake_ms = counts_ms < out.wake_ms ? counts_ms : out.wake_ms;
			continue;
		}
		if (w->config.failsafe)
			return failsafe(out,
					w->buttons[i].from_start ? LB_REASON_BUTTON_HELD
								 : LB_REASON_BUTTON,
					i);
		w->buttons[i].refused = true;
		out.refused = true;
	}
	return out;
}

/* What goes by the clock alone: the LAN is told, and nobody sleeps past the end. */
static struct lb_window_out look_at_clock(struct lb_window *w, struct lb_window_out out,
					  uint64_t now_ms)
{
	if (now_ms >= end_ms(w)) {
		if (out.wake_ms != LB_NEVER)
			return out; /* a button is down and not certain yet */
		out.over = true;
		out.state = LB_STATE_BOOTING;
		out.reason = LB_REASON_WINDOW_OVER;
		return out;
	}
	if (now_ms >= w->next_announce_ms) {
		out.announce = true;
		/* On the grid of the opening; a late caller leaves out what it has missed. */
		w->next_announce_ms +=
			(now_ms - w->next_announce_ms) / ANNOUNCE_EVERY_MS * ANNOUNCE_EVERY_MS +
			ANNOUNCE_EVERY_MS;
	}
	if (w->next_announce_ms < out.wake_ms)
		out.wake_ms = w->next_announce_ms;
	if (end_ms(w) < out.wake_ms)
		out.wake_ms = end_ms(w);
	return out;
}

struct lb_window_out lb_window_step(struct lb_window *w, const struct lb_window_event *ev,
				    uint64_t now_ms)
{
	struct lb_window_out out = {0};

	out.left_ms = now_ms < end_ms(w) ? (unsigned)(end_ms(w) - now_ms) : 0;
	/* First what the past says: a late caller may bring the release of a press that had already
	 * counted. */
	out = look_at_buttons(w, out, now_ms);
	if (out.over)
		return out;
	if (ev->kind == LB_WINDOW_LINE)
		out = take_line(w, ev->line, out);
	else if (ev->kind != LB_WINDOW_TICK)
		take_button(w, ev, now_ms);
	if (!out.over)
		out = look_at_buttons(w, out, now_ms);
	return out.over ? out : look_at_clock(w, out, now_ms);
}
