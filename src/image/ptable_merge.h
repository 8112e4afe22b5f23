/* image/ptable_merge.h - a disk gets the image of a whole disk, and keeps what its owner has in
 * further partitions: which of them stay, and what the table says meanwhile and afterwards (pure).
 *
 * A partition of the disk is the image's when it has the same number and begins where the image's
 * does. It may be longer or shorter than in the image, for people let the last one grow, but only
 * beside another one that is exactly the same: else any stick with one partition would look like an
 * old installation. All others are the owner's: they have to begin behind the last one of the
 * image.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "image/ptable.h"

/* Large: static storage. */
struct lb_ptable_merge {
	struct lb_ptable meanwhile; /* what stays, and nothing of the image: no half of a system is
				       started, and nobody forgets where the owner's are */
	struct lb_ptable after;
	uint64_t image_end; /* the sector behind the last one that the image has */
	bool same;	    /* nothing stays, and no partition has another length */
};

/* `stays`: the number of a partition that keeps its content although the image has it as well; 0 =
 * none. 0; or, with `out` of no use: LB_E(FORMAT) the tables are of different kinds; LB_E(EXIST)
 * partition *number of the disk is in the way of the image, *number untouched otherwise;
 * LB_E(NOSPC) no room for the table of both. */
MUST_CHECK int lb_ptable_merge(struct lb_ptable_merge *out, const struct lb_ptable *disk,
			       const struct lb_ptable *image, uint64_t disk_sectors, unsigned stays,
			       unsigned *number);
