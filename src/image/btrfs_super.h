/* image/btrfs_super.h - the superblock of a btrfs, and its copies (pure).
 *
 * It has 4 KiB, and is written in place at each commit: first at 64 KiB, then its copies. Storage
 * that writes sectors of 512 bytes one by one tears it when the power goes; Linux mounts nothing
 * then, though all trees of the state before are whole, and a copy of its superblock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_BTRFS_SUPER_BYTES 4096
#define LB_BTRFS_SUPER_AT    65536ull
#define LB_BTRFS_FSID_BYTES  16

/* Where the copies lie, as far as the device is large enough. */
#define LB_BTRFS_COPIES_AT                \
	{                                 \
		64ull << 20, 256ull << 30 \
	}

struct lb_btrfs_super {
	uint8_t fsid[LB_BTRFS_FSID_BYTES];
	uint64_t at_bytes;   /* where it says that it lies */
	uint64_t generation; /* of the commit that wrote it */
};

/* 0: it is one, and whole. LB_E(CRC): it is one, and torn; `out` is what it says. LB_E(TRUNC): n is
 * less than it has; LB_E(FORMAT): it is none; LB_E(UNSUP): its checksum is not crc32c. Then `out`
 * is untouched. */
MUST_CHECK int lb_btrfs_super_parse(struct lb_btrfs_super *out, const void *block, size_t n);

/* May the copy, which is whole, be put in place of the one that is torn? It has to be of the same
 * file system and of the same commit, or of the one before or after: of an older one the trees may
 * be gone. */
bool lb_btrfs_super_replaces(const struct lb_btrfs_super *copy, const struct lb_btrfs_super *torn);

/* Make a superblock that is whole one for another place. */
void lb_btrfs_super_move(uint8_t block[LB_BTRFS_SUPER_BYTES], uint64_t at_bytes);
