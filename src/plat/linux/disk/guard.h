/* plat/linux/disk/guard.h - what is never erased, formatted or marked: the names of
 * tables/protected.def and of the board file.
 *
 * Everything that is about to change a place for good asks here first, about the very device node
 * that it is going to write to: the guard trusts nobody's idea of what lies there.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plat/linux/disk/blockdev.h"
#include "tables/limits.h"

/* The board's own names, in place of those of an earlier call; at most LB_PROTECTED_MAX count. For
 * the whole process: whoever writes need not know the board. */
void lb_guard_set(const char names[][LB_NAME_MAX], size_t count);

/* May size_bytes from off_bytes of this device be changed? `node` is a block device, or the
 * character device of a flash partition or UBI volume, of which all counts. 0, LB_E(PROTECTED) when
 * it has a protected name or reaches into a partition that has one, or LB_E(...) when that cannot
 * be found out: then nobody may write either. */
MUST_CHECK int lb_guard_check(const char *node, uint64_t off_bytes, uint64_t size_bytes,
			      const struct lb_blockdev_roots *roots);
