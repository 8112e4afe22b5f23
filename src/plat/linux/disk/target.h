/* plat/linux/disk/target.h - plat/target.h on what a machine has: a disk, a partition, a regular
 * file, a flash partition, a UBI volume. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "plat/linux/disk/target_disk.h"
#include "plat/linux/disk/target_flash.h"
#include "plat/target.h"
#include "plat/target_block.h"
#include "tables/limits.h"

enum lb_target_kind {
	LB_TARGET_NONE,
	LB_TARGET_FILE,
	LB_TARGET_PARTITION, /* or a block device without partitions */
	LB_TARGET_DISK,	     /* a whole one */
	LB_TARGET_MTD,
	LB_TARGET_UBI,
};

enum lb_target_flags {
	LB_TARGET_CREATE = 1,	  /* a file that is not there is made */
	LB_TARGET_WHOLE_DISK = 2, /* a disk that holds partitions may be overwritten */
	LB_TARGET_UNGUARDED = 4,  /* names of tables/protected.def do not count: a card for another
				     device, which has partitions of such names too */
	LB_TARGET_EXCHANGE = 8,	  /* a UBI volume may be replaced by a new one, with another number;
				     else it is emptied and filled */
};

/* Owned by the caller; the plat_target of lb_target_open() points to it. Large: static storage. */
struct lb_target {
	enum lb_target_kind kind;
	char node[LB_PATH_MAX]; /* the device or file that `spec` led to; of a UBI volume that was
				   exchanged for a new one, that one's */
	struct lb_target_block block;
	struct lb_target_disk disk;
	struct lb_target_flash flash;
};

/* Open the place that `spec` names: "PARTLABEL=x", "PARTUUID=x", "MTD=x", "UBI=x", a device node
 * or a file. Nobody else can open or mount it until lb_target_closep(). 0, or with `out` untouched
 * and one sentence in `why`: LB_E(NOENT) it is not there, LB_E(BUSY) it is mounted, shares bytes
 * of flash with what is, or the running system stands on it, LB_E(PROTECTED), LB_E(STATE) it holds
 * partitions and flags do not allow that, LB_E(UNSUP), LB_E(IO...). */
MUST_CHECK int lb_target_open(struct lb_target *t, struct plat_target *out, const char *spec,
			      unsigned flags, char why[LB_SENTENCE_MAX]);

/* Is the file behind this descriptor, from which an image is to be read, the target itself, or on
 * the disk that is the target? */
bool lb_target_holds(const struct lb_target *t, int image_fd);

/* One that is not open, for lb_target_closep(). */
void lb_target_none(struct lb_target *t);

void lb_target_closep(struct lb_target *t);
