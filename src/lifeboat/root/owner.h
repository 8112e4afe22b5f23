/* lifeboat/root/owner.h - files of the owner's system while it does not run: what its overlay would
 * show, read without mounting it over the root. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The file `path` (relative) of the directory `upper` over the directory `lower`, as a string; -1 =
 * there is no such directory. A file that was deleted or replaced in `upper`, or below a directory
 * that was, does not come back from `lower`. No link is followed. Its length; LB_E(NOENT): the
 * owner's system has no such regular file; LB_E(NOSPC|IO|...): it has one that cannot be had. */
MUST_CHECK int lb_owner_file_read(int upper, int lower, const char *path, char *out, size_t size);

/* The password hash of root in a shadow file. False for none: no line, an empty hash, a locked
 * account. */
bool lb_owner_root_hash(const char *shadow, char *hash, size_t size);
