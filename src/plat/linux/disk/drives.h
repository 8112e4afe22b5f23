/* plat/linux/disk/drives.h - the disks of a machine, and what they are in use for.
 *
 * For programs that overwrite a whole disk: what cannot be found out counts as "in use". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plat/linux/disk/blockdev.h"
#include "tables/limits.h"

/* Where the kernel shows its devices and mounts; tests bring their own. */
struct lb_drive_roots {
	struct lb_blockdev_roots devices;
	const char *proc; /* "/proc": self/mountinfo, swaps */
};

extern const struct lb_drive_roots lb_drive_roots;

struct lb_drive {
	char name[LB_NAME_MAX];	 /* the kernel's: "sdb" */
	char node[LB_PATH_MAX];	 /* "/dev/sdb" */
	char model[LB_NAME_MAX]; /* "" = it does not say */
	uint64_t size_bytes;	 /* 0: a reader without a card */
	uint32_t sector_bytes;
	bool hardware;		    /* no loop device, no RAM disk, nothing made of other disks */
	bool removable;		    /* a card, or on USB: made to be taken out */
	bool readonly;		    /* the switch of an SD card, for instance */
	char used_for[LB_PATH_MAX]; /* the first place where it, or a part of it, is mounted;
				       "swap";
				       "" = nothing */
	bool runs_system;	    /* the running system lies on it */
};

/* Which device is behind this node? Links are followed. The name of the disk goes to `disk`, that
 * of the device itself to `device`: they differ for a partition. 0, or with both untouched:
 * LB_E(NOENT) no such file, LB_E(FORMAT) it is no block device, LB_E(...) */
MUST_CHECK int lb_drive_of_node(const char *node, char disk[LB_NAME_MAX], char device[LB_NAME_MAX],
				const struct lb_drive_roots *roots);

/* `name`: the kernel's, of a whole disk. 0, or LB_E(NOENT|IO|FORMAT|RANGE|NOSPC) with `out`
 * untouched. */
MUST_CHECK int lb_drive_look(struct lb_drive *out, const char *name,
			     const struct lb_drive_roots *roots);

/* Called for each disk of the hardware, by name; anything but 0 ends the walk. One that cannot be
 * described does not: its error comes after the others. */
typedef int lb_drive_fn(void *ctx, const struct lb_drive *drive);
MUST_CHECK int lb_drives_each(lb_drive_fn *each, void *ctx, const struct lb_drive_roots *roots);
