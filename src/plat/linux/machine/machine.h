/* plat/linux/machine/machine.h - the real machine behind struct plat, for PID 1: one libevent loop
 * for buttons, consoles, children, signals, the control socket and the watchdog. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plat/linux/machine/clock.h"
#include "plat/linux/machine/console.h"
#include "plat/linux/machine/input.h"
#include "plat/linux/machine/led.h"
#include "plat/linux/machine/net.h"
#include "plat/plat.h"

struct event_base;
struct event;

#define LB_QUEUE_MAX 32 /* a chattering key makes a dozen events in one turn of the loop */

/* Called by plat.announce: builds the datagrams (lifeboat/announce.c) and sends them. */
typedef void lb_announcer(void *ctx, const struct lb_lan *lan, enum lb_state state,
			  enum lb_reason reason, unsigned left_ms);

struct lb_machine {
	struct lb_consoles consoles;
	struct lb_inputs inputs;
	struct lb_leds leds;
	struct lb_lan lan;
	int watchdog; /* fd, -1 = none */
	int control;  /* fd of the control socket, -1 = none */
	lb_announcer *announcer;
	void *announcer_ctx;
	bool wan_taken; /* since the rescue mode "internet" began: ports that are LAN and WAN are
			   WAN until the next power-on */

	struct event_base *base;
	struct event *sources[LB_INPUTS_MAX + LB_CONSOLES_MAX + 8];
	size_t source_count;
	size_t console_sources_at,
		console_source_count; /* in sources[], so that a shell can have the consoles */
	struct plat_event queue[LB_QUEUE_MAX];
	size_t queue_head, queue_len;
	bool child_ended; /* perhaps more than one; not reaped yet */
};

/* Wire up what the caller has opened (consoles, inputs, watchdog). 0 or LB_E(IO|NOSPC): then
 * plat.wait knows of time and children only, which is enough for a boot. */
MUST_CHECK int lb_machine_start(struct lb_machine *m);
void lb_machine_stop(struct lb_machine *m);

/* Stop reading the consoles: from now on they belong to a shell. */
void lb_machine_release_consoles(struct lb_machine *m);

/* Listen for words from Lifeboat's applets on a datagram socket at `path`, for root only. */
MUST_CHECK int lb_machine_listen(struct lb_machine *m, const char *path);

/* What is said next is the end of something, and must not be lost on a console that is full: it
 * waits for that, 2 s at most from now on. */
void lb_machine_last_words(struct lb_machine *m);

/* What a person must read before what comes next: back when it has gone out, or 3 s later. The end
 * of a shell hangs up its console, which drops what is still on its way. */
void lb_machine_say_out(struct lb_machine *m, const char *text);

/* Before the machine is left for good: what was said has gone out, or a second has passed. */
void lb_machine_fall_silent(struct lb_machine *m);

/* The seam; valid as long as *m. */
struct plat lb_machine_plat(struct lb_machine *m);
