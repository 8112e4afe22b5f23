/* lifeboat/child_watch.h - PID 1 while a child of its writes a root: it blinks, feeds the watchdog,
 * and says how far the child is. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "plat/plat.h"

/* How far the child is, in memory that both see. */
struct lb_child_way {
	_Atomic uint64_t done_bytes, total_bytes; /* 0 of 0: not known yet */
};

/* Returns when the child `pid` has ended; the LED is dark then. say() is asked again and again
 * whether there is something to say. False: the child did not get on, and was killed. */
bool lb_child_watch(const struct plat *p, pid_t pid, const struct lb_child_way *way,
		    void (*say)(const struct plat *p, void *ctx), void *ctx);
