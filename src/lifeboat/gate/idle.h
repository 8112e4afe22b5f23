/* lifeboat/gate/idle.h - for how long nobody has been there. */
#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "plat/linux/machine/console.h"

struct lb_idle {
	uint64_t since_ms;
	struct timespec read[LB_CONSOLES_MAX]; /* when somebody's input was last read there */
};

void lb_idle_start(struct lb_idle *idle, const struct lb_consoles *consoles, uint64_t now_ms);

/* To be called once a second or so. `ssh`: the SSH server, whose children are sessions, 0 = none.
 */
uint64_t lb_idle_ms(struct lb_idle *idle, const struct lb_consoles *consoles, pid_t ssh,
		    uint64_t now_ms);
