/* install/tree_entry.h - one entry of a tar as both see it, who unpacks and who only asks whether
 * it could be done. */
#pragma once

#include <limits.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/err.h"

/* "./a//b/" is "a/b"; "" is the tree itself. 0, LB_E(AUTH) it has a "..", LB_E(RANGE) it is too
 * long. */
MUST_CHECK int lb_tree_clean_path(char out[PATH_MAX], const char *name);

/* NULL = it has none. */
const char *lb_tree_name(struct archive_entry *e);
const char *lb_tree_hard_link(struct archive_entry *e);
const char *lb_tree_symlink(struct archive_entry *e); /* never NULL */

/* Read a tar, not packed, from `fd`. */
MUST_CHECK int lb_tree_open_tar(struct archive *a, int fd);
void lb_tree_tar_freep(struct archive **a);
