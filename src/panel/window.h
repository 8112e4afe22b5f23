/* panel/window.h - the failsafe window as users of OpenWrt know it from its wiki page "Failsafe
 * mode, factory reset, and recovery mode" (pure).
 *
 * It opens once, early in the boot. Any button, or "f" and Enter on the serial console, ends it at
 * once with failsafe. "1".."4" and Enter choose a debug level and leave it open. Otherwise it ends
 * after window_ms with a normal boot, or up to debounce_ms later while a button is down that was
 * pressed before the end. Once a second the LAN is told. Times are milliseconds on one monotonic
 * clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tables/limits.h"
#include "tables/tables.h"

struct lb_window_config {
	unsigned window_ms;   /* > 0 */
	unsigned debounce_ms; /* a key counts once it has been down this long without a break */
	bool failsafe;	      /* false: only the debug level can be chosen */
};

enum lb_window_event_kind {
	LB_WINDOW_TICK,
	LB_WINDOW_BUTTON_DOWN,
	LB_WINDOW_BUTTON_UP,
	LB_WINDOW_LINE, /* a line was entered on a console */
};

struct lb_window_event {
	enum lb_window_event_kind kind;
	unsigned button;  /* index, < LB_BUTTONS_MAX */
	const char *line; /* without its line end */
};

struct lb_window {
	struct lb_window_config config;
	uint64_t opened_ms;
	uint64_t next_announce_ms;
	unsigned debug_level; /* 0 = none chosen */
	struct {
		bool down, from_start, refused;
		uint64_t since_ms;
	} buttons[LB_BUTTONS_MAX];
};

struct lb_window_out {
	bool over;	     /* the window has ended: state and reason say how */
	enum lb_state state; /* LB_STATE_FAILSAFE or LB_STATE_BOOTING */
	enum lb_reason reason;
	unsigned button; /* which one, for the reasons BUTTON and BUTTON_HELD */
	bool announce;	 /* tell the LAN now; left_ms is what remains */
	unsigned left_ms;
	bool level_chosen; /* debug_level of the window has just been set */
	bool refused;	   /* somebody asked for failsafe, which this window does not offer: said
			    * once per press */
	uint64_t wake_ms;  /* call again with LB_WINDOW_TICK no later than this */
};

/* Open the window. Bit i of held_buttons: button i reads as pressed right now. */
void lb_window_open(struct lb_window *w, const struct lb_window_config *config,
		    unsigned held_buttons, uint64_t now_ms);

struct lb_window_out lb_window_step(struct lb_window *w, const struct lb_window_event *ev,
				    uint64_t now_ms);
