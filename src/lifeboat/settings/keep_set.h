/* lifeboat/settings/keep_set.h - a set of paths that are to be kept. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Absolute paths below the root, sorted, each once: files, links, and the directories that hold
 * them as far as those were asked for. Owned by the struct. */
struct lb_keep {
	char **paths;
	size_t count, room;
};

void lb_keep_freep(struct lb_keep *k);

/* Add a copy of `path`; sort, and leave out what is there twice; find. */
MUST_CHECK int lb_keep_add(struct lb_keep *k, const char *path);
void lb_keep_sort(struct lb_keep *k);
bool lb_keep_has(const struct lb_keep *sorted, const char *path);

/* All of a file of at most 4 MiB, ended by a byte 0 that does not count. Its length, or LB_E(...).
 * The caller frees *out. */
MUST_CHECK int lb_keep_slurp(char **out, const char *path);
