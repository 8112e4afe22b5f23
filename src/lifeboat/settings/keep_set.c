#include "lifeboat/settings/keep_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"

#define SLURP_MAX (4 * 1024 * 1024) /* opkg's status of a router with everything has 0.3 MiB */

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int lb_keep_add(struct lb_keep *k, const char *path)
{
	if (k->count == k->room) {
		size_t room = k->room ? 2 * k->room : 64;
		char **more = realloc(k->paths, room * sizeof(*more));

		if (!more)
			return LB_E(NOSPC);
		k->paths = more;
		k->room = room;
	}
	k->paths[k->count] = strdup(path);
	return k->paths[k->count] ? (k->count++, 0) : LB_E(NOSPC);
}

void lb_keep_sort(struct lb_keep *k)
{
	size_t kept = 0;

	if (k->count == 0)
		return;
	qsort(k->paths, k->count, sizeof(*k->paths), compare_paths);
	for (size_t i = 1; i < k->count; i++)
		if (strcmp(k->paths[i], k->paths[kept]) != 0)
			k->paths[++kept] = k->paths[i];
		else
			free(k->paths[i]);
	k->count = kept + 1;
}

bool lb_keep_has(const struct lb_keep *k, const char *path)
{
	return k->count > 0 && bsearch(&path, k->paths, k->count, sizeof(*k->paths), compare_paths);
}

void lb_keep_freep(struct lb_keep *k)
{
	for (size_t i = 0; i < k->count; i++)
		free(k->paths[i]);
	free(k->paths);
	*k = (struct lb_keep){0};
}

int lb_keep_slurp(char **out, const char *path)
{
	CLEANUP(lb_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return lb_err_from_errno(errno);
	if (!S_ISREG(st.st_mode))
		return LB_E(FORMAT);
	if (st.st_size > SLURP_MAX)
		return LB_E(RANGE);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return LB_E(NOSPC);
	rc = lb_fd_pread(fd, text, (size_t)st.st_size, 0);
	if (rc < 0) {
		free(text);
		return rc;
	}
	text[st.st_size] = '\0';
	*out = text;
	return (int)st.st_size;
}
