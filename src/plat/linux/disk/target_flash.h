/* plat/linux/disk/target_flash.h - a flash partition or a UBI volume as a target. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "plat/linux/disk/flash.h"
#include "plat/linux/disk/ubi_spare.h"
#include "plat/target.h"
#include "plat/target_mtd.h"
#include "plat/target_ubi.h"
#include "tables/limits.h"

/* Owned by the caller; the plat_target of lb_target_flash_open() points to it. Large. */
struct lb_target_flash {
	struct lb_flash_fd fd;
	struct lb_target_mtd mtd;
	struct lb_target_ubi ubi;
	struct lb_ubi_spare spare;
	bool is_ubi; /* else MTD; true only while it is open */
	/* An overlay lies in it whose place the kernel cuts off behind the image: it is another one
	 * at the next boot. */
	bool moves;
};

#define LB_TARGET_FLASH_CLOSED                                             \
	{                                                                  \
		.fd = LB_FLASH_CLOSED, .spare = {.made = LB_FLASH_CLOSED } \
	}

/* Is this the character device of a flash partition or a UBI volume, by its name? */
bool lb_target_is_flash(const char *node);

/* Open it. `node` has LB_PATH_MAX bytes and must stay: a UBI volume that was exchanged is another
 * one, which `in_place` forbids. An image on a flash partition ends where the overlay begins that
 * lies in it. 0, or with one sentence in `why`: LB_E(BUSY) it is in use, or shares bytes with what
 * is mounted or holds an attached UBI; LB_E(UNSUP|IO...). */
MUST_CHECK int lb_target_flash_open(struct lb_target_flash *t, struct plat_target *out, char *node,
				    bool in_place, char why[LB_SENTENCE_MAX]);
void lb_target_flash_closep(struct lb_target_flash *t);
