/* install/disk_beside.h - a whole disk as a target that keeps the partitions of its owner: the
 * image of a disk is written around them, and the table of both comes last.
 *
 * Meanwhile the disk has the owner's partitions only: a cut leaves them where they are, and no half
 * of a system that anything could start. At each moment one copy of a GPT says so; the one sector
 * of an MBR is written as a whole. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "image/ptable_merge.h"
#include "plat/block.h"
#include "plat/target.h"

/* Large: static storage. All zero: it keeps nothing, and is the target below it. */
struct lb_disk_beside {
	const struct plat_target *under;
	const struct plat_block *disk;
	bool keeps;
	bool backup_in_use; /* the table at the start is damaged */
	struct lb_ptable_merge merge;
};

/* The target, over the plain one of the same disk. All three belong to the caller and must stay. */
struct plat_target lb_disk_beside_plat(struct lb_disk_beside *b, const struct plat_target *under,
				       const struct plat_block *disk);

/* From now on it keeps what `merge` says; before plat_target.begin(). LB_E(UNSUP): the table of the
 * image is not where its head is, and cannot be changed there. */
MUST_CHECK int lb_disk_beside_keep(struct lb_disk_beside *b, const struct lb_ptable_merge *merge,
				   bool backup_in_use);
