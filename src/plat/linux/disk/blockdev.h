/* plat/linux/disk/blockdev.h - which device a board file means, without udev. */
#pragma once

#include "base/err.h"
#include "image/ptable_new.h"
#include "tables/limits.h"

/* Where the kernel shows its devices; tests bring their own. */
struct lb_blockdev_roots {
	const char *sys; /* "/sys" */
	const char *dev; /* "/dev" */
};

extern const struct lb_blockdev_roots lb_blockdev_roots;

/* `spec` is "PARTLABEL=name", "PARTUUID=uuid", "MTD=name" (a flash partition), "UBI=name" (a UBI
 * volume) or a path, which is only copied. The path of the block device goes to `out`; that of a
 * UBI volume is there only after the kernel was told to make it (the parameter block= of ubi), and
 * is read-only. When several partitions fit, one that is not on USB wins: a stick with the label of
 * the router's own partition must not take its place; then the first by name, or by number. Of the
 * router's card more is known: lb_blockdev_set_card().
 *
 * 0, or with `out` untouched: LB_E(NOENT) no such partition now (it may still appear),
 * LB_E(FORMAT) the spec is none of the five, LB_E(RANGE) the path is too long, LB_E(IO) /sys
 * cannot be read. */
MUST_CHECK int lb_blockdev_find(const char *spec, char out[LB_PATH_MAX],
				const struct lb_blockdev_roots *roots);

/* The disk of this router and what it has, for the whole process: whoever looks for a label need
 * not know the board. A label of `layout` then is that of a partition of `disk`, "/dev/mmcblk0",
 * and of no other one, as long as that disk is there; while it is not, nothing on USB stands in for
 * it. Any other label, and a PARTUUID, is rather on that disk than anywhere else. "" = nothing is
 * known. */
void lb_blockdev_set_card(const char *disk, const struct lb_ptable_layout *layout);

/* Another partition than `node`, which lb_blockdev_find() gave, that fits `spec` just as well: only
 * their names say which is which. 0, or LB_E(NOENT) there is none, or as above. */
MUST_CHECK int lb_blockdev_twin(const char *spec, const char *node, char out[LB_PATH_MAX],
				const struct lb_blockdev_roots *roots);

/* The same as lb_blockdev_find(), but of flash the character device, through which it is erased and
 * written as what it is:
 * "/dev/mtd5", "/dev/ubi0_2". */
MUST_CHECK int lb_blockdev_find_raw(const char *spec, char out[LB_PATH_MAX],
				    const struct lb_blockdev_roots *roots);

/* Of a node of flash the other one: "/dev/mtd5" of "/dev/mtdblock5", "/dev/ubi0_2" of
 * "/dev/ubiblock0_2", and back. Any other path is only copied. `out` may be `node`. */
void lb_blockdev_raw_of(const char *node, char out[LB_PATH_MAX]);
void lb_blockdev_disk_of(const char *node, char out[LB_PATH_MAX]);

enum lb_blockdev_flash {
	LB_BLOCKDEV_MTD,
	LB_BLOCKDEV_UBI,
};

/* The numbers of the one flash partition or UBI volume of that name, such as "6" or "0_2". 0, or
 * with `out` untouched: LB_E(NOENT) none is called so, LB_E(EXIST) more than one is, LB_E(RANGE|IO)
 * as above. */
MUST_CHECK int lb_blockdev_flash(enum lb_blockdev_flash kind, const char *name,
				 char out[LB_NAME_MAX], const struct lb_blockdev_roots *roots);

/* The other way round: the name of the flash partition, the UBI volume or the GPT partition behind
 * a block device node. 0, or with `out` untouched: LB_E(NOENT) it has none, LB_E(RANGE) the name is
 * longer. */
MUST_CHECK int lb_blockdev_label(const char *node, char out[LB_NAME_MAX],
				 const struct lb_blockdev_roots *roots);
