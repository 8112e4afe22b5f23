/* plat/linux/storage/record_files.h - the recovery record as two files on a file system, for a
 * board whose only writable place is one, such as the FAT partition that a boot loader reads.
 *
 * Copy i is PATH.i. Each is made once, with a name of its own until it is whole, and overwritten in
 * place from then on: no block is taken or given back in a save, so that a power cut can only hit
 * the copy that is being written, and its time stamp.
 */
#pragma once

#include "plat/block.h"
#include "plat/linux/disk/block.h"
#include "tables/limits.h"

/* Owned by the caller; the plat_block points to it. */
struct lb_record_files {
	int fd[LB_RECORD_COPIES]; /* -1 = closed, or not there */
};

#define LB_RECORD_FILES_CLOSED   \
	{                        \
		.fd = { -1, -1 } \
	}

/* Mount the file system of `device`, a block device, for as long as this takes, and open PATH.0 and
 * PATH.1 in it; `path` is absolute there, and its folder must exist. For writing they are made if
 * they are not there or have another size; for reading a missing one reads as zeroes, which is no
 * record. `mount_at` is made if it is not there; nobody sees the mount afterwards.
 *
 * Release with lb_record_files_closep(). 0, or with `out` untouched and `f` closed: LB_E(NOENT) no
 * such folder, LB_E(BUSY) the file system is mounted read-only elsewhere, or somebody else has had
 * the record open for writing for a second, LB_E(NOSPC), LB_E(UNSUP) no file system that the kernel
 * knows, LB_E(IO). */
MUST_CHECK int lb_record_files_open(struct lb_record_files *f, struct plat_block *out,
				    const char *device, const char *path, const char *mount_at,
				    enum lb_block_mode mode);

/* The same in a folder that is there already. */
MUST_CHECK int lb_record_files_open_at(struct lb_record_files *f, struct plat_block *out,
				       int dir_fd, const char *name, enum lb_block_mode mode);
void lb_record_files_closep(struct lb_record_files *f);
