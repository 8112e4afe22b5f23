#include "lifeboat/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/disk/guard.h"
#include "plat/linux/machine/proc.h"

static int leave_mounts(char why[LB_SENTENCE_MAX])
{
	int rc;

	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return 0;
	rc = lb_err_from_errno(errno);
	(void)snprintf(why, LB_SENTENCE_MAX, "no mounts of one's own can be had: %s",
		       strerror(errno));
	return rc;
}

int lb_apart_run(int (*work)(void *ctx, char why[LB_SENTENCE_MAX]), void *ctx,
		 char why[LB_SENTENCE_MAX])
{
	int pipe_fd[2], status = 0;
	pid_t pid, ended;
	ssize_t n;

	why[0] = '\0';
	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return lb_err_from_errno(errno);
	CLEANUP(lb_fd_closep) int from = pipe_fd[0];
	CLEANUP(lb_fd_closep) int to = pipe_fd[1];
	pid = lb_fork();
	if (pid < 0)
		return lb_err_from_errno(errno);
	if (pid == 0) {
		int rc = leave_mounts(why);

		if (rc == 0)
			rc = work(ctx, why);
		/* Less than a pipe holds: never torn. */
		if (rc < 0 && write(to, why, strlen(why)) < 0)
			_exit(-LB_E(IO));
		_exit(-rc);
	}
	(void)close(lb_fd_take(&to));
	do
		n = read(from, why, LB_SENTENCE_MAX - 1);
	while (n < 0 && errno == EINTR);
	why[n > 0 ? n : 0] = '\0';
	do
		ended = waitpid(pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	if (ended != pid || !WIFEXITED(status))
		return LB_E(CHILD);
	return -WEXITSTATUS(status);
}

int lb_apart_run_in(char *dir, const struct lb_board *board,
		    int (*work)(void *ctx, char why[LB_SENTENCE_MAX]), void *ctx,
		    char why[LB_SENTENCE_MAX])
{
	int rc;

	lb_guard_set(board->protected_names, board->protected_name_count);
	if (!mkdtemp(dir)) {
		rc = lb_err_from_errno(errno);
		(void)snprintf(why, LB_SENTENCE_MAX, "no directory can be made in /tmp: it %s",
			       lb_strerror(rc));
		return rc;
	}
	rc = lb_apart_run(work, ctx, why);
	(void)rmdir(dir);
	return rc;
}
