/* store/superblock.h - give a btrfs back the superblock that a power cut has torn. */
#pragma once

#include "plat/block.h"

/* 1: the superblock that is mounted is torn; 0: it is whole, or none that we know; LB_E(IO). */
MUST_CHECK int lb_superblock_is_torn(const struct plat_block *b);

/* Where the superblock that is mounted is torn and a copy fits (image/btrfs_super.h), the newest
 * copy is put in its place. Whatever else is found is left alone. `b` is the whole file system,
 * which is not mounted. 1: done, 0: there was nothing to do, LB_E(NOENT): it is torn, and no copy
 * fits, or what failed. */
MUST_CHECK int lb_superblock_mend(const struct plat_block *b);
