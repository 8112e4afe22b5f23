/* plat/plat.h - everything that the dialogue with a person may ask of the world.
 *
 * Providers: plat/linux (evdev, sysfs, consoles, sockets) and plat/fake (virtual clock, stricter
 * than hardware). The seam under storage is plat/block.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tables/limits.h"
#include "tables/tables.h"

enum plat_event_kind {
	PLAT_EV_TIMEOUT, /* nothing happened until the given time */
	PLAT_EV_BUTTON,	 /* index, down */
	PLAT_EV_LINE,	 /* text: a line from a console */
	PLAT_EV_CHILD,	 /* pid, status: a process ended, as waitpid() tells it */
	PLAT_EV_SIGNAL,	 /* number: somebody asked PID 1 to reboot, halt or power off */
	PLAT_EV_CONTROL, /* text: a word from a Lifeboat applet */
};

struct plat_event {
	enum plat_event_kind kind;
	uint64_t at_ms; /* when it happened; for a button the kernel's own time stamp */
	unsigned index;
	bool down;
	int pid, status, number;
	char text[LB_LINE_MAX];
};

struct plat {
	void *ctx;
	uint64_t (*now_ms)(void *ctx); /* monotonic */
	/* The next event, at until_ms (absolute) at the latest. Keeps the watchdog fed meanwhile.
	 */
	void (*wait)(void *ctx, uint64_t until_ms, struct plat_event *ev);
	/* A role without an LED is silently dark: the board check says so, once. */
	void (*led)(void *ctx, enum lb_led_role role, bool on);
	void (*say)(void *ctx, const char *text); /* one line to every console */
	/* Tell the LAN where the device is. left_ms counts in LB_STATE_WINDOW only. */
	void (*announce)(void *ctx, enum lb_state state, enum lb_reason reason, unsigned left_ms);
};
