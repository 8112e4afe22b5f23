/* lifeboat/running/watch.h - the buttons of the running system: panel/hold.h carried out on a
 * struct plat.
 */
#pragma once

#include <stddef.h>

#include "plat/button.h"
#include "plat/plat.h"

/* What the dialogue does besides struct plat. */
struct lb_watch_hands {
	void *ctx;
	/* Begin what a press leads to and do not wait for its end, which comes as PLAT_EV_CHILD:
	 * its pid, or LB_E(...). */
	int (*begin)(void *ctx, const struct lb_deed *deed, const struct lb_button *button,
		     uint64_t held_ms);
	/* Reset the router in this very process: for when no child can be had, as on a system whose
	 * memory or processes are used up, which is what a reset is wanted for. Returns when the
	 * kernel does not do it. */
	void (*reset_here)(void *ctx);
	/* Take the LEDs from whoever drives them, dark; then give them back as they were. */
	void (*take_leds)(void *ctx);
	void (*give_leds_back)(void *ctx);
	/* What is done besides, by time: called whenever something happened, and at the time that
	 * it returned. NULL = nothing. */
	uint64_t (*tick)(void *ctx, uint64_t now_ms);
	/* Of a child that begin() did not start. */
	void (*ended)(void *ctx, int pid, int status);
};

/* Watch until SIGTERM or SIGINT comes. Bit i of held: button i is down right now, and does nothing
 * until it is released. */
void lb_watch(const struct plat *p, const struct lb_watch_hands *hands,
	      const struct lb_button *buttons, size_t count, unsigned debounce_ms, unsigned held);
