/* lifeboat/progress.h - how far a long work of PID 1 is (an upgrade, a rescue mode), told to the
 * LAN once per second. What the consoles and the LED show is the business of whoever works. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lifeboat/status_file.h"
#include "plat/linux/machine/machine.h"
#include "store/board.h"

struct lb_progress {
	/* The caller's. `machine` needs lb_announce_status() as its announcer, with `status`. */
	struct lb_machine *machine;
	const struct lb_board *board;
	struct lb_status *status; /* its detail is what is announced meanwhile */
	bool alone; /* nobody else is alive: what the system made of the LAN ports may go */

	/* Its own. */
	bool begun, brought_up; /* the LAN, by lb_progress_begin() */
	uint64_t told_ms;	/* when the LAN was told last */
};

/* The LAN comes up, if it is not. Without a LAN port all of this does nothing. */
void lb_progress_begin(struct lb_progress *p);

/* `what`: "upgrading: writing"; percent: 0 to 100, -1 = not known. As often as one likes: the LAN
 * is told once per second, and at once when `what` is another one. Begins what has not begun. */
void lb_progress_step(struct lb_progress *p, const char *what, int percent);

/* The last word: what came of it. */
void lb_progress_say(struct lb_progress *p, const char *sentence);

/* The LAN is down again if it was; nothing is announced any more. */
void lb_progress_end(struct lb_progress *p);
