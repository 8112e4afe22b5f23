/* lifeboat/progress.h - how far a long work of PID 1 is (an upgrade, a rescue mode), told to the
 * LAN once per second, and to whoever follows on LB_PROGRESS_SOCKET. What the consoles and the LED
 * show is the business of whoever works. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lifeboat/progress_line.h"
#include "plat/linux/machine/machine.h"
#include "store/board.h"

#define LB_PROGRESS_DIR	      "/etc/lifeboat/progress.d"
#define LB_PROGRESS_SHOWS_MAX 4 /* a display, a beeper; each takes RAM from an upgrade */

struct lb_progress {
	/* The caller's. `machine` needs lb_announce_status() as its announcer, with `status`. */
	struct lb_machine *machine;
	const struct lb_board *board;
	struct lb_status *status; /* its detail is what is announced meanwhile */
	bool alone; /* nobody else is alive: what the system made of the LAN ports may go */

	/* Its own. */
	char work[LB_NAME_MAX];
	bool begun, brought_up; /* the LAN, by lb_progress_begin() */
	uint64_t told_ms;	/* when the LAN was told last */
	char step[LB_SENTENCE_MAX];
	int percent;
	struct lb_followers followers;
	pid_t shows[LB_PROGRESS_SHOWS_MAX];
	size_t show_count;
};

/* `work`: "upgrading". The LAN comes up, if it is not, and the socket is there. What of it cannot
 * be had is said once, and done without. */
void lb_progress_begin(struct lb_progress *p, const char *work);

/* Start the programs of LB_PROGRESS_DIR in the root as it is now, which show it in their own way.
 */
void lb_progress_shows(struct lb_progress *p);

/* `step`: "writing"; percent: 0 to 100, -1 = not known. As often as one likes: the LAN is told once
 * per second and when the step is another one, the socket whatever is new. */
void lb_progress_step(struct lb_progress *p, const char *step, int percent);

/* The last word. `result`: LB_RESULT_COMPLETE or what else it is, in a word; `why`: "" or a
 * sentence. */
void lb_progress_result(struct lb_progress *p, const char *result, const char *why);

/* The same once more, if the LAN has heard nothing for a second. */
void lb_progress_again(struct lb_progress *p);

/* The shows end, or are made to after 2 s; the LAN is down again if it was. Nothing to do without
 * lb_progress_begin(). */
void lb_progress_end(struct lb_progress *p);
