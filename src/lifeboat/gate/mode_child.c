#include "lifeboat/gate/mode_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/machine/proc.h"

_Static_assert(sizeof(struct lb_mode_result) <= PIPE_BUF, "a result is written whole or not");

/* The frame reboots after every mode. */
static void reboot_only(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	*out = (struct lb_mode_result){.why = "nothing was changed"};
}

/* Which those are that a board may have: store/board_value.c. */
static lb_mode_run *const runs[LB_MODE_COUNT + 1] = {
	[LB_MODE_REBOOT] = reboot_only,
	[LB_MODE_ROLLBACK] = lb_mode_rollback,
	[LB_MODE_FACTORY] = lb_mode_factory,
};

struct voice {
	const struct lb_consoles *consoles;
	char last[LB_SENTENCE_MAX];
};

static void say(void *ctx, const char *line)
{
	lb_consoles_say(((struct voice *)ctx)->consoles, line);
}

static void step(void *ctx, const char *what, unsigned percent)
{
	struct voice *v = ctx;
	char now[LB_SENTENCE_MAX];

	(void)snprintf(now, sizeof(now), "%.200s: %u %%", what, percent);
	if (strcmp(now, v->last) != 0)
		say(v, now);
	memcpy(v->last, now, sizeof(now));
}

static _Noreturn void work(enum lb_mode mode, const struct lb_board *board,
			   const struct lb_machine *machine, int to)
{
	static struct lb_mode_result result;
	struct voice v = {.consoles = &machine->consoles};
	const struct lb_mode_ask ask = {
		.board = board, .machine = machine, .say = say, .step = step, .ctx = &v};

	runs[mode](&ask, &result);
	_exit(write(to, &result, sizeof(result)) == (ssize_t)sizeof(result) ? 0 : 1);
}

int lb_mode_child_start(struct lb_mode_child *c, enum lb_mode mode, const struct lb_board *board,
			const struct lb_machine *machine)
{
	int ends[2];
	pid_t pid;
	int rc;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return lb_err_from_errno(errno);
	pid = lb_fork();
	if (pid == 0)
		work(mode, board, machine, ends[1]);
	rc = pid < 0 ? lb_err_from_errno(errno) : 0;
	(void)close(ends[1]);
	if (rc < 0) {
		(void)close(ends[0]);
		return rc;
	}
	*c = (struct lb_mode_child){.pid = pid, .from = ends[0]};
	return 0;
}

void lb_mode_child_end(struct lb_mode_child *c, struct lb_mode_result *out)
{
	struct lb_mode_result result;
	const ssize_t n = read(c->from, &result, sizeof(result));

	lb_fd_closep(&c->from);
	c->pid = 0;
	*out = (struct lb_mode_result){LB_FAILURE_OTHER, "it ended without a word"};
	if (n == (ssize_t)sizeof(result))
		*out = result;
}
