/* lifeboat/modes/mode.h - what a rescue mode is for the boot gate (panel/menu.h, tables/modes.def).
 *
 * A mode does its work in a child of PID 1, before any root file system is mounted, so that PID 1
 * can blink and feed the watchdog; it may take minutes, and it ends by itself. What it did, or why
 * it failed, goes to the console and into the recovery record by the gate, not by the mode. */
#pragma once

#include "plat/linux/machine/machine.h"
#include "store/board.h"
#include "tables/limits.h"
#include "tables/tables.h"

struct lb_mode_ask {
	const struct lb_board *board;
	const struct lb_machine *machine; /* consoles and LAN ports are PID 1's: only to look at */
	const char *root;		  /* where it lies: lb_root_place() */
	void (*say)(void *ctx, const char *line); /* one line, to the consoles */
	/* What it does now and how far that is, 0 to 100: shown on the consoles. As often as one
	 * likes, only what changes is passed on. */
	void (*step)(void *ctx, const char *what, unsigned percent);
	void *ctx;
};

struct lb_mode_result {
	enum lb_failure failure;   /* LB_FAILURE_NONE = it went well */
	char why[LB_SENTENCE_MAX]; /* what was done, or one sentence that says why not */
};

/* Says why not. LB_E(STATE), for whoever is in the middle of it. */
PRINTF_LIKE(3, 4)
int lb_mode_fail(struct lb_mode_result *out, enum lb_failure failure, const char *fmt, ...);

/* Before a mode goes on that was cut off while it wrote the card: true = there is nothing to go on
 * with, for the card has a whole system, which stays; then `out` is the result. */
bool lb_mode_settle(const struct lb_mode_ask *ask, struct lb_mode_result *out);

/* Does the work and fills all of `out`. */
typedef void lb_mode_run(const struct lb_mode_ask *ask, struct lb_mode_result *out);

lb_mode_run lb_mode_rollback, lb_mode_factory, lb_mode_reflash, lb_mode_internet;
