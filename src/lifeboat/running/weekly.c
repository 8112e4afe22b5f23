#include "lifeboat/running/weekly.h"

#include <sys/wait.h>

#include "base/log.h"
#include "tables/tables.h"

void lb_weekly_begin(struct lb_weekly *w, uint64_t now_ms)
{
	w->next_ms = now_ms + LB_WEEKLY_FIRST_MS;
	w->pid = 0;
	w->told = false;
}

uint64_t lb_weekly_tick(struct lb_weekly *w, uint64_t now_ms)
{
	int pid;

	if (now_ms < w->next_ms)
		return w->next_ms;
	w->next_ms = now_ms + LB_WEEKLY_AGAIN_MS;
	if (w->pid)
		return w->next_ms;
	pid = w->start(w->ctx, w->told);
	if (pid < 0)
		log_err("whether a weekly snapshot is due cannot be found out: the child process %s",
			lb_strerror(pid));
	else
		w->pid = pid;
	return w->next_ms;
}

void lb_weekly_ended(struct lb_weekly *w, int pid, int status)
{
	if (pid == 0 || pid != w->pid)
		return;
	w->pid = 0;
	w->told = WIFEXITED(status) && WEXITSTATUS(status) == LB_EXIT_NO;
}
