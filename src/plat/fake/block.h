/* plat/fake/block.h - a block device in memory, stricter than hardware.
 *
 * Reads see every write at once, the medium only what was flushed. A cut leaves of the rest what
 * the fate says, sector by sector. A failed write leaves half of its sectors written; after a
 * failed flush no later flush makes up for it (as Linux does it). An access beyond the end aborts.
 */
#pragma once

#include <stddef.h>

#include "plat/block.h"
#include "plat/fake/power.h"

#define LB_FAKE_SECTOR_BYTES 512 /* the smallest piece that storage writes as a whole */

struct lb_fake_pending;

struct lb_fake_block {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	uint64_t size_bytes;
	uint8_t *seen;	 /* what a read gives */
	uint8_t *stored; /* what is on the medium for sure */
	struct lb_fake_pending *pending;
	size_t pending_count, pending_room;
	unsigned flushes; /* that succeeded */
};

/* All zero, of a whole number of sectors; lives on `power`, which must outlive it. */
void lb_fake_block_init(struct lb_fake_block *b, struct lb_fake_power *power, uint64_t size_bytes);
void lb_fake_block_release(struct lb_fake_block *b);

struct plat_block lb_fake_block_plat(struct lb_fake_block *b);

/* Put bytes on the medium, or take them from it, without an operation and past every cache. What
 * was not flushed is forgotten: call them as if the power had been off. */
void lb_fake_block_poke(struct lb_fake_block *b, uint64_t off_bytes, const void *data, size_t n);
void lb_fake_block_peek(struct lb_fake_block *b, uint64_t off_bytes, void *out, size_t n);
