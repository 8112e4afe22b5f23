/* plat/linux/disk/disk.h - a disk and its partitions, as the kernel shows them below
 * /sys/class/block.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plat/linux/disk/blockdev.h"
#include "tables/limits.h"

/* A GPT name: 36 units of UTF-16, which the kernel shows as UTF-8. */
#define LB_PART_LABEL_MAX 112

struct lb_partition {
	char name[LB_NAME_MAX];		  /* the kernel's: "mmcblk0p3" */
	char node[LB_PATH_MAX];		  /* "/dev/mmcblk0p3" */
	char label[LB_PART_LABEL_MAX];	  /* "" = the table has none */
	uint64_t start_bytes, size_bytes; /* on its disk */
};

/* The disk that a block device is a part of. */
struct lb_disk {
	char name[LB_NAME_MAX]; /* the kernel's: "mmcblk0"; a device that is no partition is its own
				 */
	char node[LB_PATH_MAX];
	uint64_t start_bytes,
		size_bytes; /* of the device on the disk; 0 and all of it for itself */
};

/* `device` is a node or a name of the kernel. 0, or with `out` untouched: LB_E(NOENT) the kernel
 * knows no such block device, LB_E(RANGE) a path is too long, LB_E(IO|FORMAT) /sys is not as it
 * should be. */
MUST_CHECK int lb_disk_of(const char *device, struct lb_disk *out,
			  const struct lb_blockdev_roots *roots);

/* Called for each partition, in no order; anything but 0 ends the walk. */
typedef int lb_partition_fn(void *ctx, const struct lb_partition *partition);

/* Walk the partitions of a disk. 0, what `each` ended it with, or LB_E(NOENT|RANGE|IO|FORMAT). */
MUST_CHECK int lb_disk_partitions(const struct lb_disk *disk, lb_partition_fn *each, void *ctx,
				  const struct lb_blockdev_roots *roots);

/* The one partition of that label on the disk that holds `beside`, which itself does not count. 0,
 * or with `out` untouched: LB_E(NOENT) there is none, LB_E(EXIST) there are more, or as above. */
MUST_CHECK int lb_disk_labelled(const char *beside, const char *label, struct lb_partition *out,
				const struct lb_blockdev_roots *roots);

/* Do two nodes lead to one block device? False also when either cannot be looked at. */
bool lb_disk_is_same(const char *a, const char *b);
