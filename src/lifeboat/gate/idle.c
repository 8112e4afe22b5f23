#include "lifeboat/gate/idle.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "plat/linux/machine/proc.h"

/* The kernel dates a terminal's node when a program gets input from it. What counts is that the
 * date changes: the clock may be set meanwhile. */
static bool was_read(struct lb_idle *idle, const struct lb_consoles *consoles)
{
	bool any = false;

	for (size_t i = 0; i < consoles->count; i++) {
		char path[LB_PATH_MAX];
		struct stat st;

		(void)snprintf(path, sizeof(path), "/dev/%s", consoles->names[i]);
		if (stat(path, &st) < 0 || (st.st_atim.tv_sec == idle->read[i].tv_sec &&
					    st.st_atim.tv_nsec == idle->read[i].tv_nsec))
			continue;
		idle->read[i] = st.st_atim;
		any = true;
	}
	return any;
}

void lb_idle_start(struct lb_idle *idle, const struct lb_consoles *consoles, uint64_t now_ms)
{
	*idle = (struct lb_idle){.since_ms = now_ms};
	(void)was_read(idle, consoles);
}

uint64_t lb_idle_ms(struct lb_idle *idle, const struct lb_consoles *consoles, pid_t ssh,
		    uint64_t now_ms)
{
	if (was_read(idle, consoles) || (ssh && lb_processes_of("/proc", ssh) > 0))
		idle->since_ms = now_ms;
	return now_ms - idle->since_ms;
}
