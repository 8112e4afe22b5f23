/* plat/linux/files/treecmp.h - what differs between two directory trees. */
#pragma once

#include "base/err.h"

/* How '-': only in the first one; '+': only in the second one; '~': in both, and not the same. */
typedef void lb_treecmp_found(void *ctx, char how, const char *path);

/* Compares all below two directories, in the order of their names: kind, mode, owner, extended
 * attributes, content of files, targets of links, numbers of devices. Subvolumes inside are passed
 * over, as snapshots do not hold them. `path` begins with '/'. `found` NULL: only whether. Returns
 * 1 when something differs, 0, or LB_E(...). */
MUST_CHECK int lb_treecmp(int a, int b, const char *path, lb_treecmp_found *found, void *ctx);
