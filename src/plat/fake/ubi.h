/* plat/fake/ubi.h - a UBI volume in memory. Aborts when a block is changed that holds more than
 * fits, or one that is not there. A cut while a block is changed leaves the old or the new content;
 * while the volume is emptied, none, some or all blocks less under UBI's own marker. */
#pragma once

#include <stdbool.h>

#include "plat/fake/power.h"
#include "plat/flash.h"

#define LB_FAKE_UBI_BLOCKS_MAX 16

/* What a power cut leaves. */
struct lb_fake_ubi_state {
	bool updating; /* UBI's marker of an update that was not finished */
	bool mapped[LB_FAKE_UBI_BLOCKS_MAX];
};

struct lb_fake_ubi {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	uint32_t block_count, block_bytes;
	uint8_t *bytes;
	struct lb_fake_ubi_state state;
	/* To be set by the test. */
	bool mounted; /* the kernel refuses to empty it */
	bool keeps;   /* an update to nothing leaves a block mapped */

	unsigned changes[LB_FAKE_UBI_BLOCKS_MAX]; /* that succeeded */

	bool emptying; /* what is under way when the power goes */
	uint32_t changing;
	uint8_t *after;
};

/* No block is mapped; lives on `power`, which must outlive it. */
void lb_fake_ubi_init(struct lb_fake_ubi *u, struct lb_fake_power *power, uint32_t block_count,
		      uint32_t block_bytes);
/* The same on memory of the caller: block_count * block_bytes of `bytes`, block_bytes of `after`.
 * Nothing is to be released. */
void lb_fake_ubi_use(struct lb_fake_ubi *u, struct lb_fake_power *power, uint32_t block_count,
		     uint32_t block_bytes, uint8_t *bytes, uint8_t *after);
void lb_fake_ubi_release(struct lb_fake_ubi *u);
struct plat_ubi lb_fake_ubi_plat(struct lb_fake_ubi *u);

/* Map a block and put bytes at its start without an operation. */
void lb_fake_ubi_poke(struct lb_fake_ubi *u, uint32_t block, const void *data, size_t n);
