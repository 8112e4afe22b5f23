#include "plat/linux/machine/followers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

int lb_followers_open(struct lb_followers *f, const char *path)
{
	CLEANUP(lb_fd_closep)
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	*f = (struct lb_followers){.listener = -1};
	if (fd < 0)
		return lb_err_from_errno(errno);
	if (snprintf(at.sun_path, sizeof(at.sun_path), "%s", path) >= (int)sizeof(at.sun_path))
		return LB_E(RANGE);
	(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || chmod(path, 0600) < 0 ||
	    listen(fd, LB_FOLLOWERS_MAX) < 0)
		return lb_err_from_errno(errno);
	memcpy(f->path, at.sun_path, sizeof(f->path));
	f->listener = lb_fd_take(&fd);
	return 0;
}

static void drop(struct lb_followers *f, size_t i)
{
	(void)close(f->fds[i]);
	f->fds[i] = f->fds[--f->count];
}

/* A line that fits in part only would be read as another one. */
static void give(struct lb_followers *f, size_t i, const char *line)
{
	const size_t n = strlen(line);

	if (n > 0 && send(f->fds[i], line, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n)
		drop(f, i);
}

static void take_new(struct lb_followers *f)
{
	int fd;

	while (f->count < LB_FOLLOWERS_MAX &&
	       (fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		f->fds[f->count++] = fd;
		give(f, f->count - 1, f->last);
	}
}

void lb_followers_tell(struct lb_followers *f, const char *line)
{
	if (f->listener < 0)
		return;
	take_new(f);
	if (!line[0])
		return;
	(void)snprintf(f->last, sizeof(f->last), "%.*s\n", LB_FOLLOWER_LINE_MAX - 2, line);
	for (size_t i = f->count; i-- > 0;)
		give(f, i, f->last);
}

void lb_followers_close(struct lb_followers *f)
{
	if (f->listener < 0)
		return;
	take_new(f); /* the result is for who came last too */
	while (f->count > 0)
		drop(f, f->count - 1);
	(void)unlink(f->path);
	lb_fd_closep(&f->listener);
	f->listener = -1;
}
