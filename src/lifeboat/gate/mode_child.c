#include "lifeboat/gate/mode_child.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/machine/proc.h"

/* What the child says: how far it is, or what came of it. */
struct word {
	bool is_result;
	unsigned percent;
	char what[LB_NAME_MAX];
	struct lb_mode_result result;
};

_Static_assert(sizeof(struct word) <= PIPE_BUF, "a word is written whole or not");

/* The frame reboots after every mode. */
static void reboot_only(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	*out = (struct lb_mode_result){.why = "nothing was changed"};
}

/* The others let a person in, and are services of the gate: gate/mode_open.c. */
static lb_mode_run *const runs[LB_MODE_COUNT + 1] = {
	[LB_MODE_REBOOT] = reboot_only,	     [LB_MODE_ROLLBACK] = lb_mode_rollback,
	[LB_MODE_FACTORY] = lb_mode_factory, [LB_MODE_INTERNET] = lb_mode_internet,
	[LB_MODE_REFLASH] = lb_mode_reflash,
};

struct voice {
	const struct lb_consoles *consoles;
	int to;
	struct word last;
};

static void say(void *ctx, const char *line)
{
	lb_consoles_say(((struct voice *)ctx)->consoles, line);
}

static void step(void *ctx, const char *what, unsigned percent)
{
	struct voice *v = ctx;
	struct word now = {.percent = percent};
	char line[LB_SENTENCE_MAX];

	(void)snprintf(now.what, sizeof(now.what), "%s", what);
	if (now.percent == v->last.percent && strcmp(now.what, v->last.what) == 0)
		return;
	v->last = now;
	(void)snprintf(line, sizeof(line), "%s: %u %%", now.what, percent);
	say(v, line);
	(void)!write(v->to, &now, sizeof(now));
}

static _Noreturn void work(const struct lb_mode_start *s, int to)
{
	static struct word end = {.is_result = true};
	struct voice v = {.consoles = &s->machine->consoles, .to = to};
	const struct lb_mode_ask ask = {.board = s->board,
					.machine = s->machine,
					.root = s->root,
					.say = say,
					.step = step,
					.ctx = &v};

	(void)setpgid(0, 0); /* with all that it starts, to be ended at once */
	/* What it has mounted goes with it, however it ends. A kernel without namespaces keeps it.
	 */
	if (unshare(CLONE_NEWNS) == 0)
		(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (!s->goes_on || !lb_mode_settle(&ask, &end.result))
		runs[s->mode](&ask, &end.result);
	_exit(write(to, &end, sizeof(end)) == (ssize_t)sizeof(end) ? 0 : 1);
}

int lb_mode_child_start(struct lb_mode_child *c, const struct lb_mode_start *s, uint64_t now_ms)
{
	pid_t pid;
	int end, rc = lb_fork_heard(&pid, &end);

	if (rc < 0)
		return rc;
	if (pid == 0)
		work(s, end);
	*c = (struct lb_mode_child){.pid = pid, .from = end, .heard_ms = now_ms};
	return 0;
}

bool lb_mode_child_hear(struct lb_mode_child *c, const struct lb_board *board, uint64_t now_ms)
{
	struct word w;

	if (c->pid == 0)
		return true;
	while (read(c->from, &w, sizeof(w)) == (ssize_t)sizeof(w)) {
		c->heard_ms = now_ms;
		if (w.is_result) {
			c->has_result = true;
			c->result = w.result;
			continue;
		}
		memcpy(c->what, w.what, sizeof(c->what));
		c->percent = w.percent;
	}
	return now_ms - c->heard_ms < board->menu_hang_ms;
}

static void forget(struct lb_mode_child *c)
{
	lb_fd_closep(&c->from);
	c->pid = 0;
}

void lb_mode_child_end(struct lb_mode_child *c, int status, struct lb_mode_result *out)
{
	*out = (struct lb_mode_result){LB_FAILURE_OTHER, "it ended without a word"};
	if (WIFSIGNALED(status))
		(void)snprintf(out->why, sizeof(out->why), "it was ended by signal %d (%s)%s%s",
			       WTERMSIG(status), strsignal(WTERMSIG(status)),
			       c->what[0] ? "; the last that it said: " : "", c->what);
	if (c->has_result)
		*out = c->result;
	(void)kill(-c->pid, SIGKILL); /* what it started and did not wait for */
	forget(c);
}

void lb_mode_child_give_up(struct lb_mode_child *c, const struct lb_board *board,
			   struct lb_mode_result *out)
{
	(void)kill(-c->pid, SIGKILL);
	(void)kill(c->pid, SIGKILL);
	*out = (struct lb_mode_result){.failure = LB_FAILURE_HANG};
	(void)snprintf(
		out->why, sizeof(out->why), "it did not get any further for %u s and was ended%s%s",
		board->menu_hang_ms / 1000, c->what[0] ? "; the last that it said: " : "", c->what);
	forget(c);
}
