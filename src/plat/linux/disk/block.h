/* plat/linux/disk/block.h - plat_block on a block device or on a regular file. */
#pragma once

#include "plat/block.h"

enum lb_block_mode {
	LB_BLOCK_READ,
	LB_BLOCK_WRITE, /* reads too; one writer at a time */
};

/* Owned by the caller; the plat_block of lb_block_open() points to it. */
struct lb_block {
	int fd; /* -1 = closed */
	uint64_t size_bytes;
};

#define LB_BLOCK_CLOSED  \
	{                \
		.fd = -1 \
	}

/* Open `path` into `b` and describe it in `out`. Release with lb_block_closep(). 0, or with both
 * untouched: LB_E(NOENT), LB_E(AUTH), LB_E(BUSY) somebody else has had it open for writing for a
 * second, LB_E(UNSUP) neither block device nor regular file, LB_E(IO). */
MUST_CHECK int lb_block_open(struct lb_block *b, struct plat_block *out, const char *path,
			     enum lb_block_mode mode);

/* The same, to read from a descriptor that is open already; *fd is taken over, and -1 then. */
MUST_CHECK int lb_block_take(struct lb_block *b, struct plat_block *out, int *fd);

/* Zeroes on a block device, after a discard. Both numbers are multiples of its sector. */
MUST_CHECK int lb_block_clear(struct lb_block *b, uint64_t off_bytes, uint64_t n);

void lb_block_closep(struct lb_block *b);

/* Keep other writers off until the descriptor is closed. LB_E(BUSY) as above, LB_E(IO). */
MUST_CHECK int lb_block_lock(int fd);
