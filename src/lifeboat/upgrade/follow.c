/* lifeboat upgrade --follow: what is told on the socket, to a person or a program. */
#include "lifeboat/upgrade/follow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/progress_line.h"
#include "tables/tables.h"

#define LOOK_MS 50

/* Whoever works listens for as long as he works: before that there is nobody. */
static int wait_for_work(void)
{
	const struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = LB_PROGRESS_SOCKET};
	const struct timespec look = {.tv_nsec = LOOK_MS * 1000000};
	int fd, why;

	for (;;) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return lb_err_from_errno(errno);
		if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
			return fd;
		why = errno;
		(void)close(fd);
		if (why != ENOENT && why != ECONNREFUSED)
			return lb_err_from_errno(why);
		(void)nanosleep(&look, NULL);
	}
}

static void show(const struct lb_progress_line *l)
{
	if (l->result[0])
		(void)printf("%s: %s%s%s\n", l->work, l->result, l->why[0] ? ": " : "", l->why);
	else if (l->percent < 0)
		(void)printf("%s: %s\n", l->work, l->step);
	else
		(void)printf("%s: %s, %d %%\n", l->work, l->step, l->percent);
}

int lb_follow(bool json)
{
	char text[LB_FOLLOWER_LINE_MAX];
	struct lb_progress_line l = {.percent = -1};
	CLEANUP(lb_fd_closep) int fd = wait_for_work();
	CLEANUP(lb_file_closep) FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

	if (!in) {
		log_err(LB_PROGRESS_SOCKET " %s", lb_strerror(fd < 0 ? fd : LB_E(NOSPC)));
		return LB_EXIT_SYSTEM;
	}
	fd = -1; /* the stream's now */
	while (fgets(text, sizeof(text), in)) {
		if (lb_progress_line_parse(&l, text) < 0)
			continue;
		if (json)
			(void)fputs(text, stdout);
		else
			show(&l);
		(void)fflush(stdout);
		if (l.result[0])
			return strcmp(l.result, LB_RESULT_COMPLETE) == 0 ? LB_EXIT_OK : LB_EXIT_NO;
	}
	log_err("whoever was at work has ended without a result");
	return LB_EXIT_NO;
}
