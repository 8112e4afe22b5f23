/* plat/linux/disk/target_disk.h - reads and writes of a disk or a file that go past the page cache.
 *
 * O_DIRECT where the kernel takes it: a router has no memory for a copy of the image, and what is
 * read back must come from the medium. Else pages are written behind, and dropped. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plat/target_block.h"

#define LB_TARGET_ALIGN 4096 /* suffices for O_DIRECT on every disk */

struct lb_target_disk {
	int fd;	      /* -1 = closed */
	int plain_fd; /* through the page cache, for what is not aligned */
	bool direct;  /* `fd` is O_DIRECT */
	bool is_file;
	bool cannot_zero; /* the kernel does not take the call for it */
	uint64_t size_bytes;
	_Alignas(LB_TARGET_ALIGN) uint8_t bounce[LB_TARGET_ALIGN];
};

#define LB_TARGET_DISK_CLOSED            \
	{                                \
		.fd = -1, .plain_fd = -1 \
	}

/* Take over the open descriptor of `node`, a block device or a regular file, and describe it. 0, or
 * LB_E(...), and then *fd still belongs to the caller. */
MUST_CHECK int lb_target_disk_take(struct lb_target_disk *d, struct lb_target_block *out,
				   const char *node, int *fd);

/* plat_target.begin of a file, whose `ctx` is the lb_target_block: it is made empty. */
int lb_target_file_begin(void *ctx, uint64_t image_bytes);

void lb_target_disk_closep(struct lb_target_disk *d);
