#include "store/board.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "store/board_parse.h"
#include "store/board_text.h"
#include "store/board_value.h"

void lb_board_defaults(struct lb_board *out)
{
	char why[LB_SENTENCE_MAX];

	*out = (struct lb_board){0};
	for (int id = 0; id < LB_BOARD_KEY_COUNT; id++) {
		const struct lb_board_key *key = &lb_board_keys[id];
		struct lb_board_named none = {0};
		int rc = 0;

		if (key->preset)
			rc = lb_board_set(out, &none, (enum lb_board_key_id)id, key->preset, why);
		assert(rc == 0); /* constants of board.def, all set by the first unit test */
	}
}

void lb_board_button_defaults(struct lb_button *button, enum lb_profile profile)
{
	struct lb_board_named named = {.button = *button};
	char why[LB_SENTENCE_MAX];

	lb_key_hold(&named.button, profile);
	for (int id = 0; id < LB_BOARD_KEY_COUNT; id++) {
		const struct lb_board_key *key = &lb_board_keys[id];
		int rc = 0;

		if (key->preset && strcmp(key->section, "button") == 0)
			rc = lb_board_set(NULL, &named, (enum lb_board_key_id)id, key->preset, why);
		assert(rc == 0); /* constants of board.def, as above */
	}
	*button = named.button;
}

bool lb_board_wants_signature(const struct lb_board *b, enum lb_door door)
{
	return b->signature_required[LB_DOOR_COMMAND] || b->signature_required[door];
}

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
