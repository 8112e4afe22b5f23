/* plat/linux/disk/ubi_spare.h - plat_ubi_spare on the kernel's UBI: the new volume is made with
 * UBI_IOCMKVOL, and UBI_IOCRNVOL renames it and removes the old one in one write of UBI's volume
 * table. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "plat/flash.h"
#include "plat/linux/disk/flash.h"
#include "tables/limits.h"

#define LB_UBI_SPARE_SUFFIX "_new" /* behind the name of the volume that it is to replace */

/* Owned by the caller. */
struct lb_ubi_spare {
	char device[LB_PATH_MAX]; /* "/dev/ubi0" */
	char name[LB_NAME_MAX];	  /* of the volume */
	uint32_t block_count, block_bytes;
	bool is_disk; /* a ubiblock shows the volume */
	char *node;   /* LB_PATH_MAX, the caller's: the volume's, and after exchange() the new one's
		       */
	struct lb_flash_fd *
		volume; /* the caller's: closed by exchange(), which needs nobody to have it open */
	struct lb_flash_fd made;
};

/* `node` of a volume, "/dev/ubi0_1", and its open descriptor; both must stay. 0, or LB_E(UNSUP) its
 * name leaves no room for another one, LB_E(IO). */
MUST_CHECK int lb_ubi_spare_open(struct lb_ubi_spare *s, struct plat_ubi_spare *out,
				 const struct plat_ubi *u, char *node, struct lb_flash_fd *volume);
void lb_ubi_spare_closep(struct lb_ubi_spare *s);
