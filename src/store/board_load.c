#include "store/board_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "store/board_text.h"

PRINTF_LIKE(3, 4) static int refuse(char *why, int err, const char *fmt, ...)
{
	va_list args;

	if (!why)
		return err;
	va_start(args, fmt);
	(void)vsnprintf(why, LB_SENTENCE_MAX, fmt, args);
	va_end(args);
	return err;
}

/* -1 with errno, or how many bytes there are, `size` at most. */
static ssize_t read_up_to(int fd, char *buf, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, buf + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int lb_board_load_lines(struct lb_board *out, struct lb_board_lines *lines, const char *path,
			char why[LB_SENTENCE_MAX])
{
	/* Not blocking: the path may be a pipe that nobody writes to. */
	CLEANUP(lb_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	CLEANUP(lb_freep) char *text = malloc(LB_BOARD_FILE_MAX + 1);
	struct stat st;
	ssize_t n;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return refuse(why, LB_E(NOENT), "%.160s: there is no such file", path);
	if (fd < 0 || !text)
		return refuse(why, LB_E(IO), "%.160s: cannot be read: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return refuse(why, LB_E(IO),
			      "%.160s: is no regular file: give the name of a board file", path);
	n = read_up_to(fd, text, LB_BOARD_FILE_MAX + 1);
	if (n < 0)
		return refuse(why, LB_E(IO), "%.160s: cannot be read: %s", path, strerror(errno));
	if (n > LB_BOARD_FILE_MAX)
		return refuse(why, LB_E(FORMAT),
			      "%.160s: is larger than %d KiB: this is no board file", path,
			      LB_BOARD_FILE_MAX / 1024);
	return lb_board_parse(out, lines, text, (size_t)n, path, why);
}

int lb_board_load(struct lb_board *out, const char *path, char why[LB_SENTENCE_MAX])
{
	return lb_board_load_lines(out, NULL, path, why);
}
