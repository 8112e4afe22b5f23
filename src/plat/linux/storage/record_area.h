/* plat/linux/storage/record_area.h - the device or file that holds the recovery record, of whatever
 * kind.
 */
#pragma once

#include "plat/flash_record.h"
#include "plat/linux/disk/block.h"
#include "plat/linux/disk/flash.h"
#include "plat/linux/storage/record_files.h"

/* Owned by the caller; the plat_block of lb_record_area_open() points to it. */
struct lb_record_area {
	struct lb_block block;
	struct lb_flash_fd flash;
	struct lb_flash_record on_flash;
	struct lb_record_files files;
};

#define LB_RECORD_AREA_CLOSED                                       \
	{                                                           \
		.block = LB_BLOCK_CLOSED, .flash = LB_FLASH_CLOSED, \
		.files = LB_RECORD_FILES_CLOSED                     \
	}

/* Open `path`, as lb_blockdev_find_raw() gives it: /dev/mtdN and /dev/ubiN_M as flash, with each
 * copy in erase blocks of its own; anything else as lb_block_open() does. Release with
 * lb_record_area_closep(). 0, or with `out` untouched and `a` closed what lb_block_open(),
 * lb_flash_open_*() and plat/flash_record.h say. */
MUST_CHECK int lb_record_area_open(struct lb_record_area *a, struct plat_block *out,
				   const char *path, enum lb_block_mode mode);
/* The same for a place of a board file: with "PLACE:/path" as two files (record_files.h), which may
 * also fail with what is said there; else what lies at the place itself. LB_E(NOENT): it is not
 * here, perhaps not yet. */
MUST_CHECK int lb_record_area_open_place(struct lb_record_area *a, struct plat_block *out,
					 const char *place, enum lb_block_mode mode);
void lb_record_area_closep(struct lb_record_area *a);
