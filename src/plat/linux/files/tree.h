/* plat/linux/files/tree.h - everything below a directory: to be counted, shown, or deleted. */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct lb_tree_count {
	uint64_t entries; /* files, links, devices, directories */
	uint64_t bytes;	  /* as the files say, not as the disk does */
};

/* Called for every entry, a directory before what it holds. `path` starts below the directory. */
typedef void lb_tree_visitor(void *ctx, const char *path);

/* Walk without changing anything. Entries named `keep` (NULL: none) directly below `dir`, and what
 * is mounted inside, are passed over. 0 or the first error; the walk goes on after one. */
MUST_CHECK int lb_tree_walk(const char *dir, const char *keep, lb_tree_visitor *visit, void *ctx,
			    struct lb_tree_count *out);

/* Delete everything below `dir`, but not `dir`: hidden names, whiteouts, immutable and append-only
 * files included; names of any length, trees of any depth. What is mounted inside is not followed,
 * and `keep` (a name directly below, NULL: none) stays. Goes on after an error; 0 only when nothing
 * else is left, else the first error. */
MUST_CHECK int lb_tree_delete(const char *dir, const char *keep, struct lb_tree_count *deleted);
