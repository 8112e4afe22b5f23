/* plat/fake/flash.h - a flash chip in memory, stricter than hardware.
 *
 * Aborts with a message: programming a page that is not erased, or part of a page, or a word
 * of 4 bytes in two parts, or a byte behind the end of a block; erasing, programming or reading a
 * bad block. A cut while a block is erased or a page programmed leaves it done, not done, done up
 * to somewhere, or bits that nobody can foretell.
 */
#pragma once

#include <stdbool.h>

#include "plat/fake/power.h"
#include "plat/flash.h"

#define LB_FAKE_FLASH_BLOCKS_MAX 32

struct lb_fake_flash {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	uint32_t block_count, block_bytes, page_bytes;
	uint8_t *bytes;
	/* To be set by the test. */
	bool bad[LB_FAKE_FLASH_BLOCKS_MAX];
	bool worn[LB_FAKE_FLASH_BLOCKS_MAX];  /* an erasure fails and leaves it as it is */
	bool weak[LB_FAKE_FLASH_BLOCKS_MAX];  /* an erasure says that it worked, and leaves a bit */
	bool stuck[LB_FAKE_FLASH_BLOCKS_MAX]; /* takes a page and keeps something else */
	bool silent[LB_FAKE_FLASH_BLOCKS_MAX]; /* cannot be read */
	bool knows_bad;			       /* NAND: blocks can be marked as bad */
	bool read_only;			       /* aborts when anything is to be changed */

	unsigned erases[LB_FAKE_FLASH_BLOCKS_MAX]; /* that succeeded */

	/* What is under way when the power goes. */
	uint8_t *after;
	uint64_t at_bytes, n_bytes;
};

/* All 0xFF; lives on `power`, which must outlive it. */
void lb_fake_flash_init(struct lb_fake_flash *f, struct lb_fake_power *power, uint32_t block_count,
			uint32_t block_bytes, uint32_t page_bytes);
void lb_fake_flash_release(struct lb_fake_flash *f);

/* The same on memory of the caller, which keeps its content: block_count * block_bytes of `bytes`,
 * block_bytes of `after`. Nothing is to be released. */
void lb_fake_flash_use(struct lb_fake_flash *f, struct lb_fake_power *power, uint32_t block_count,
		       uint32_t block_bytes, uint32_t page_bytes, uint8_t *bytes, uint8_t *after);
struct plat_mtd lb_fake_flash_plat(struct lb_fake_flash *f);

/* Put bytes there without an operation, as if they had been programmed long ago. */
void lb_fake_flash_poke(struct lb_fake_flash *f, uint32_t block, uint32_t off_bytes,
			const void *data, size_t n);
/* Fill a block with one byte value: 0xFF is an erased one. */
void lb_fake_flash_fill(struct lb_fake_flash *f, uint32_t block, uint8_t value);
const uint8_t *lb_fake_flash_block(const struct lb_fake_flash *f, uint32_t block);
