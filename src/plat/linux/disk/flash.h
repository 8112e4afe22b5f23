/* plat/linux/disk/flash.h - plat/flash.h on the kernel's MTD and UBI devices, and the overlay on
 * them: in a flash partition (MTD, for JFFS2) or in a UBI volume (for UBIFS). */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "plan/overlay.h"
#include "plat/flash.h"
#include "tables/limits.h"

struct lb_flash {
	enum lb_volume kind;	  /* MTD or UBI */
	char node[LB_PATH_MAX];	  /* character device: "/dev/mtd6", "/dev/ubi0_2" */
	char source[LB_PATH_MAX]; /* for mount(2): "/dev/mtdblock6", "/dev/ubi0_2" */
	uint64_t size_bytes;
};

/* The flash partition or UBI volume of that name. LB_E(NOENT): there is none; LB_E(EXIST): two of
 * the same kind have the name. Else 0 or LB_E(...). */
MUST_CHECK int lb_flash_find(enum lb_volume kind, const char *name, struct lb_flash *out);

/* As lb_mtd_content() and lb_ubi_content() of plat/flash_volume.h. */
MUST_CHECK int lb_flash_content(const struct lb_flash *f, enum lb_overlay_content *out);

/* As lb_mtd_erase(), or lb_ubi_empty(), which is LB_E(BUSY) while it is mounted. Not while it is
 * mounted and can be written to. */
MUST_CHECK int lb_flash_erase(const struct lb_flash *f);

/* Make the next boot format it: lb_mtd_mark(); a UBI volume is emptied. Not while it is mounted. */
MUST_CHECK int lb_flash_mark(const struct lb_flash *f);

/* Owned by the caller; the plat_mtd or plat_ubi of lb_flash_open_*() points to it. */
struct lb_flash_fd {
	int fd; /* -1 = closed */
	uint32_t block_bytes;
	char entry[LB_NAME_MAX]; /* of a UBI volume, in /sys/class/ubi */
};

#define LB_FLASH_CLOSED  \
	{                \
		.fd = -1 \
	}

/* Open a character device with flags of open(2), and describe it in `out`. Release with
 * lb_flash_closep(). 0, or with both untouched: LB_E(NOENT|AUTH|IO), LB_E(BUSY) another process
 * kept a UBI volume for a second, LB_E(UNSUP) its geometry makes no sense. */
MUST_CHECK int lb_flash_open_mtd(struct lb_flash_fd *f, struct plat_mtd *out, const char *node,
				 int flags);
MUST_CHECK int lb_flash_open_ubi(struct lb_flash_fd *f, struct plat_ubi *out, const char *node,
				 int flags);
void lb_flash_closep(struct lb_flash_fd *f);
