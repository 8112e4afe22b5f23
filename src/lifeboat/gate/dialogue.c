#include "lifeboat/gate/dialogue.h"

#include <stdio.h>

#include "panel/led.h"

/* The wording that users of OpenWrt know, and that scripts wait for: its preinit scripts, and its
 * wiki page "Failsafe mode, factory reset, and recovery mode". */
static void say_prompts(const struct plat *p, bool failsafe)
{
	if (failsafe)
		p->say(p->ctx, "Press the [f] key and hit [enter] to enter failsafe mode");
	p->say(p->ctx,
	       "Press the [1], [2], [3] or [4] key and hit [enter] to select the debug level");
}

static struct lb_window_event to_window_event(const struct plat_event *ev)
{
	struct lb_window_event out = {.kind = LB_WINDOW_TICK};

	switch (ev->kind) {
	case PLAT_EV_BUTTON:
		out.kind = ev->down ? LB_WINDOW_BUTTON_DOWN : LB_WINDOW_BUTTON_UP;
		out.button = ev->index;
		break;
	case PLAT_EV_LINE:
		out.kind = LB_WINDOW_LINE;
		out.line = ev->text;
		break;
	case PLAT_EV_TIMEOUT:
	case PLAT_EV_CHILD:
	case PLAT_EV_SIGNAL:
	case PLAT_EV_CONTROL:
		break;
	}
	return out;
}

static void carry_out(const struct plat *p, const struct lb_window *w,
		      const struct lb_window_out *out, const char *refusal)
{
	char text[32];

	if (out->announce)
		p->announce(p->ctx, LB_STATE_WINDOW, LB_REASON_NONE, out->left_ms);
	if (out->refused)
		p->say(p->ctx, refusal);
	if (out->level_chosen) {
		(void)snprintf(text, sizeof(text), "- debug level %u -", w->debug_level);
		p->say(p->ctx, text);
	}
}

struct lb_window_result lb_dialogue_window(const struct plat *p,
					   const struct lb_window_config *config,
					   unsigned held_buttons, const char *refusal)
{
	uint64_t opened_ms = p->now_ms(p->ctx);
	uint64_t edge_ms;
	struct plat_event ev = {.kind = PLAT_EV_TIMEOUT, .at_ms = opened_ms};
	struct lb_window w;

	lb_window_open(&w, config, held_buttons, opened_ms);
	say_prompts(p, config->failsafe);
	for (;;) {
		struct lb_window_event wev = to_window_event(&ev);
		struct lb_window_out out = lb_window_step(&w, &wev, ev.at_ms);

		carry_out(p, &w, &out, refusal);
		if (out.over)
			return (struct lb_window_result){out.state, out.reason, out.button,
							 w.debug_level};
		p->led(p->ctx, LB_ROLE_BOOT,
		       lb_led_level(LB_LED_WINDOW, opened_ms, p->now_ms(p->ctx), &edge_ms));
		p->wait(p->ctx, out.wake_ms < edge_ms ? out.wake_ms : edge_ms, &ev);
	}
}
