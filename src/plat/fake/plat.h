/* plat/fake/plat.h - a person, a kernel and a clock for dialogues, stricter than hardware.
 *
 * The clock is virtual: it stands still but in wait() and in what is told to take time. What the
 * person does is scripted beforehand; what the dialogue did is kept in order. These abort with a
 * message: waiting for ever for nothing, waiting until a moment that the caller knows to be over
 * (it would spin), a script or a clock that runs backwards, a dialogue that does not come to its
 * end.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "plat/plat.h"

#define LB_FAKE_SCRIPT_MAX  512
#define LB_FAKE_EDGES_MAX   4096
#define LB_FAKE_TRACE_BYTES 16384

struct lb_fake_scripted {
	uint64_t delivered_ms; /* when wait() can know of it, >= the event's own time stamp */
	struct plat_event ev;
};

struct lb_fake_edge {
	uint64_t at_ms;
	enum lb_led_role role;
	bool on;
};

struct lb_fake_plat {
	/* To be set by the test after init. */
	uint64_t say_takes_ms; /* a slow console: time passes while a line is printed */
	uint64_t late_ms;      /* wait() returns up to this much too late, drawn with `random` */
	uint64_t stall_ms, stalled_ms; /* from and until: nothing runs in between */
	uint64_t ends_ms; /* the dialogue must be over by then: one hour after the start */
	uint64_t random;

	uint64_t start_ms, now_ms;
	struct lb_fake_scripted script[LB_FAKE_SCRIPT_MAX];
	size_t script_len, delivered;
	bool lit[LB_ROLE_COUNT];
	struct lb_fake_edge edges[LB_FAKE_EDGES_MAX]; /* changes only */
	size_t edge_count;
	/* One line for each LED edge, said line and announcement: "TIME WHAT ...\n", the time in ms
	 * from the start. */
	char trace[LB_FAKE_TRACE_BYTES];
	size_t trace_len;
	unsigned waits;

	uint64_t known_ms;   /* the caller has seen an event of this time */
	uint64_t checked_ms; /* the clock at the last call */
};

/* A dark, silent machine. Some KB: keep it in static storage. */
void lb_fake_plat_init(struct lb_fake_plat *f, uint64_t now_ms);
struct plat lb_fake_plat(struct lb_fake_plat *f);

/* Script what happens; times in ms from the start, in the order in which it is to be delivered. */
void lb_fake_button(struct lb_fake_plat *f, uint64_t at_ms, unsigned index, bool down);
void lb_fake_line(struct lb_fake_plat *f, uint64_t at_ms, const char *text);
/* Any event, perhaps delivered later than ev->at_ms; both from the start. */
void lb_fake_event(struct lb_fake_plat *f, uint64_t delivered_ms, const struct plat_event *ev);
