#include "plat/fake/flash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BYTES 4 /* of a NOR chip */
#define PIECES	   4 /* places at which what is under way can be torn */

static uint8_t *at(const struct lb_fake_flash *f, uint32_t block, uint32_t off_bytes)
{
	return f->bytes + (uint64_t)block * f->block_bytes + off_bytes;
}

static void check(const struct lb_fake_flash *f, const char *what, uint32_t block,
		  uint32_t off_bytes, size_t n)
{
	if (block >= f->block_count || off_bytes > f->block_bytes || n > f->block_bytes - off_bytes)
		lb_fake_die("%s of %zu bytes at byte %" PRIu32 " of block %" PRIu32
			    " ends outside of it",
			    what, n, off_bytes, block);
	if (f->bad[block])
		lb_fake_die("%s of the bad block %" PRIu32, what, block);
	if (f->read_only && strcmp(what, "read") != 0)
		lb_fake_die("%s of block %" PRIu32 ", which was to be left alone", what, block);
}

/* The bits of a cell between two values: programming clears them, erasing sets them, one by one. */
static uint8_t between(uint8_t before, uint8_t after, uint8_t random)
{
	return (uint8_t)((before & after) | ((before ^ after) & random));
}

static void flash_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_flash *f = ctx;
	uint64_t random = fate->arg;

	for (uint64_t i = 0; i < f->load.under_way * f->n_bytes / PIECES; i++) {
		uint8_t *byte = f->bytes + f->at_bytes + i;
		const uint64_t piece = i * PIECES / f->n_bytes;
		const uint8_t noise = (uint8_t)lb_fake_random(&random);

		switch (fate->policy) {
		case LB_FAKE_KEPT:
			*byte = f->after[i];
			break;
		case LB_FAKE_LOST:
			break;
		case LB_FAKE_TORN_HEAD:
			*byte = piece < fate->arg ? f->after[i] : *byte;
			break;
		case LB_FAKE_TORN_TAIL:
			*byte = piece >= fate->arg ? f->after[i] : *byte;
			break;
		case LB_FAKE_REORDERED:
			*byte = between(*byte, f->after[i], noise);
			break;
		case LB_FAKE_SCRAMBLED: /* an erasure clears all bits before it sets them */
			*byte = f->n_bytes == f->block_bytes ? noise
							     : between(*byte, f->after[i], noise);
			break;
		}
	}
	f->n_bytes = 0;
}

/* What the operation is to leave stands in f->after. */
static int change(struct lb_fake_flash *f, uint32_t block, uint32_t off_bytes, size_t n, bool works)
{
	enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	f->at_bytes = (uint64_t)block * f->block_bytes + off_bytes;
	f->n_bytes = n;
	if (outcome == LB_FAKE_CUT) {
		f->load.at_stake = f->load.under_way = PIECES;
		lb_fake_power_go_off(f->power);
	}
	if (outcome == LB_FAKE_FAIL && works)
		memcpy(at(f, block, off_bytes), f->after, n / 2);
	if (outcome != LB_FAKE_OK || !works)
		return LB_E(IO);
	memcpy(at(f, block, off_bytes), f->after, n);
	return 0;
}

static int fake_is_bad(void *ctx, uint32_t block)
{
	struct lb_fake_flash *f = ctx;

	if (block >= f->block_count)
		lb_fake_die("there is no block %" PRIu32, block);
	return f->power->off ? LB_E(IO) : f->bad[block];
}

static int fake_erase(void *ctx, uint32_t block)
{
	struct lb_fake_flash *f = ctx;
	int rc;

	check(f, "erasure", block, 0, f->block_bytes);
	memset(f->after, 0xFF, f->block_bytes);
	f->after[f->block_bytes - 1] ^= f->weak[block];
	rc = change(f, block, 0, f->block_bytes, !f->worn[block]);
	f->erases[block] += rc == 0;
	return rc;
}

static int fake_mark_bad(void *ctx, uint32_t block)
{
	struct lb_fake_flash *f = ctx;
	enum lb_fake_outcome outcome;

	check(f, "marking", block, 0, 0);
	if (!f->knows_bad)
		return LB_E(UNSUP);
	outcome = lb_fake_power_op(f->power);
	f->bad[block] = outcome == LB_FAKE_OK;
	if (outcome == LB_FAKE_CUT)
		lb_fake_power_go_off(f->power);
	return outcome == LB_FAKE_OK ? 0 : LB_E(IO);
}

static int fake_read(void *ctx, uint32_t block, uint32_t off_bytes, void *buf, size_t n)
{
	struct lb_fake_flash *f = ctx;

	check(f, "read", block, off_bytes, n);
	if (f->power->off || f->silent[block]) {
		memset(buf, 0xEE, n); /* nobody may use what a failed read left behind */
		return LB_E(IO);
	}
	memcpy(buf, at(f, block, off_bytes), n);
	return 0;
}

static bool is_free(struct lb_fake_flash *f, uint32_t block, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (*at(f, block, i) != 0xFF)
			return false;
	return true;
}

static int fake_program(void *ctx, uint32_t block, uint32_t off_bytes, const void *buf, size_t n)
{
	struct lb_fake_flash *f = ctx;
	const uint32_t word_end =
		(off_bytes + (uint32_t)n + WORD_BYTES - 1) / WORD_BYTES * WORD_BYTES;

	check(f, "programming", block, off_bytes, n);
	if (off_bytes % f->page_bytes != 0 || n % f->page_bytes != 0)
		lb_fake_die("part of a page is programmed");
	for (size_t i = 0; i < n && !f->power->off; i++)
		if (at(f, block, off_bytes)[i] != 0xFF)
			lb_fake_die("block %" PRIu32
				    " is programmed at byte %zu, which is not erased",
				    block, off_bytes + i);
	if (!f->power->off && (!is_free(f, block, off_bytes / WORD_BYTES * WORD_BYTES, off_bytes) ||
			       !is_free(f, block, off_bytes + (uint32_t)n, word_end)))
		lb_fake_die("a word of block %" PRIu32 " is programmed in two parts", block);
	memcpy(f->after, buf, n);
	if (f->stuck[block])
		f->after[0] ^= 0x10;
	return change(f, block, off_bytes, n, true);
}

void lb_fake_flash_use(struct lb_fake_flash *f, struct lb_fake_power *power, uint32_t block_count,
		       uint32_t block_bytes, uint32_t page_bytes, uint8_t *bytes, uint8_t *after)
{
	if (block_count > LB_FAKE_FLASH_BLOCKS_MAX)
		lb_fake_die("%" PRIu32 " blocks are too many for the fake chip", block_count);
	*f = (struct lb_fake_flash){.power = power,
				    .block_count = block_count,
				    .block_bytes = block_bytes,
				    .page_bytes = page_bytes,
				    .bytes = bytes,
				    .after = after};
	f->load = (struct lb_fake_load){.ctx = f, .cut = flash_cut};
	lb_fake_power_add(power, &f->load);
}

void lb_fake_flash_init(struct lb_fake_flash *f, struct lb_fake_power *power, uint32_t block_count,
			uint32_t block_bytes, uint32_t page_bytes)
{
	const size_t n = (size_t)block_count * block_bytes;
	uint8_t *bytes = malloc(n), *after = malloc(block_bytes);

	if (!bytes || !after)
		lb_fake_die("no memory for the fake chip");
	memset(bytes, 0xFF, n);
	lb_fake_flash_use(f, power, block_count, block_bytes, page_bytes, bytes, after);
}

void lb_fake_flash_release(struct lb_fake_flash *f)
{
	free(f->bytes);
	free(f->after);
}

struct plat_mtd lb_fake_flash_plat(struct lb_fake_flash *f)
{
	return (struct plat_mtd){
		.ctx = f,
		.block_count = f->block_count,
		.block_bytes = f->block_bytes,
		.page_bytes = f->page_bytes,
		.is_bad = fake_is_bad,
		.erase = fake_erase,
		.mark_bad = fake_mark_bad,
		.read = fake_read,
		.program = fake_program,
	};
}

void lb_fake_flash_poke(struct lb_fake_flash *f, uint32_t block, uint32_t off_bytes,
			const void *data, size_t n)
{
	memcpy(at(f, block, off_bytes), data, n);
}

void lb_fake_flash_fill(struct lb_fake_flash *f, uint32_t block, uint8_t value)
{
	memset(at(f, block, 0), value, f->block_bytes);
}

const uint8_t *lb_fake_flash_block(const struct lb_fake_flash *f, uint32_t block)
{
	return at(f, block, 0);
}
