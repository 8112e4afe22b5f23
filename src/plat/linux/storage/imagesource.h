/* plat/linux/storage/imagesource.h - an image of a file system, on a device or in a file on one. */
#pragma once

#include <stdbool.h>

#include "image/companion.h"
#include "plan/reflash.h"
#include "plat/block.h"
#include "plat/linux/disk/block.h"
#include "tables/limits.h"

struct lb_imagesource {
	struct lb_block block;
	struct plat_block plat; /* as large as the image */
	const char *fs;		/* "ext4", "squashfs" or "erofs" */
	char disk[LB_PATH_MAX]; /* which holds it, "" = not found */
	bool has_hash;
	uint8_t hash[LB_HASH_MAX]; /* the file NAME.sha256 beside it says so */
};

#define LB_IMAGESOURCE_CLOSED            \
	{                                \
		.block = LB_BLOCK_CLOSED \
	}

/* Find and open what lb_place_split() takes. On a device the image is as long as its superblock
 * says, a file is taken whole. The file system of a file is mounted on `mount_at`, which is made,
 * read-only for as long as the file is opened; its journal may be replayed, as at any mount.
 *
 * LB_REFLASH_WHY_NOTHING; else what is wrong: nothing has to be closed then. Valid as long as *s,
 * which must not move; release with lb_imagesource_closep(). */
enum lb_reflash_why lb_imagesource_open(struct lb_imagesource *s, const char *place,
					const char *mount_at);
void lb_imagesource_closep(struct lb_imagesource *s);
