/* store/settings_tree.h - do the members of a settings archive fit each other? None may lie below
 * one that is a file or a link, or replace a directory that others lie in. */
#pragma once

#include "base/err.h"
#include "image/manifest.h"

struct lb_settings_tree;

/* NULL: no memory. 256 KiB, whatever is put in. */
struct lb_settings_tree *lb_settings_tree_new(void);
void lb_settings_tree_freep(struct lb_settings_tree **t);

/* Put a member in. 0; LB_E(AUTH) it leads through a link or a file of the archive, or a hard link
 * to something that is not an earlier file; LB_E(RANGE) too many directories. */
MUST_CHECK int lb_settings_tree_add(struct lb_settings_tree *t, const struct lb_member *m);
