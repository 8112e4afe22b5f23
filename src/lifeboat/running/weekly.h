/* lifeboat/running/weekly.h - when the running system looks whether a weekly snapshot is due. What
 * it looks at, the last one, is on the disk: nothing is lost when the power goes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LB_WEEKLY_FIRST_MS (5u * 60 * 1000)  /* the system is up, and has asked for the time */
#define LB_WEEKLY_AGAIN_MS (60u * 60 * 1000) /* a router that is on for an hour a week has one */

struct lb_weekly {
	/* Start "lifeboat snapshot auto weekly" and do not wait: its pid, or LB_E(...). `quiet`: it
	 * has said already that the clock is not set. */
	int (*start)(void *ctx, bool quiet);
	void *ctx;
	uint64_t next_ms;
	int pid; /* 0 = none is under way */
	bool told;
};

/* `start` and `ctx` are set. */
void lb_weekly_begin(struct lb_weekly *w, uint64_t now_ms);
/* Returns when it is to be called again. */
uint64_t lb_weekly_tick(struct lb_weekly *w, uint64_t now_ms);
/* A child ended, as waitpid() tells it; perhaps another one. */
void lb_weekly_ended(struct lb_weekly *w, int pid, int status);
