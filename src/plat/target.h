/* plat/target.h - a place that an image is written to: the seam under install/write.h.
 *
 * Providers: plat/target_block.h (disks, partitions, files) and plat/target_mtd.h (flash), which
 * run on the real world (plat/linux/disk/target.h) and on the fakes alike; a UBI volume in
 * plat/linux/disk/target_flash.h. The order of calls: begin, write and zero rising without gaps
 * from head_bytes on, clear, flush, read, commit, read. After a failure only begin() makes sense.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_TARGET_LENGTH_UNKNOWN UINT64_MAX

/* The provider owns `ctx`. All calls return 0 or LB_E(IO|NOSPC|BUSY|...). */
struct plat_target {
	void *ctx;
	uint64_t size_bytes;  /* room for the image, bad blocks left out */
	uint32_t head_bytes;  /* what commit() takes, last: without it nobody takes the target for
				 whole. 0: the medium itself commits as a whole */
	uint32_t block_bytes; /* write() and zero() start on multiples of it, and end there but for
				 the last of them */
	/* From now on the target is not whole, durably. `image_bytes` may be
	 * LB_TARGET_LENGTH_UNKNOWN. LB_E(NOSPC): it has not as much room, nothing was changed. */
	int (*begin)(void *ctx, uint64_t image_bytes);
	/* LB_E(NOSPC): the room ends here. `buf` should stand on a multiple of 4096, which saves a
	 * copy. */
	int (*write)(void *ctx, uint64_t off_bytes, const void *buf, size_t n);
	/* A run of zeroes, cheaply where the medium can. Nothing old may shine through. */
	int (*zero)(void *ctx, uint64_t off_bytes, uint64_t n);
	int (*flush)(void *ctx);
	/* After flush(), or for the head after commit(): from the medium, not from a cache. */
	int (*read)(void *ctx, uint64_t off_bytes, void *buf, size_t n);
	/* The head, or all of a shorter image: durable, and the target is whole. LB_E(STATE): the
	 * place of the head went bad, which moves everything: begin again. */
	int (*commit)(void *ctx, const void *head, size_t n);
	/* What lies behind the image, which ends at off_bytes, must not be taken for an overlay. */
	int (*clear)(void *ctx, uint64_t off_bytes);
	/* Bad blocks that were left out, to be reported; NULL = there are none on such a medium. */
	uint64_t (*bad_bytes)(void *ctx);
	/* Of a place that keeps some bytes of its own; NULL = of no other. They read as zeroes: put
	 * those into the image before it is written. And: what of the head belongs to the place is
	 * put into it, before commit(). */
	void (*mask)(void *ctx, uint64_t off_bytes, uint8_t *data, size_t n);
	void (*dress)(void *ctx, uint8_t *head, size_t n);
};
