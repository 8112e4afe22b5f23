#include "plat/target_mtd.h"

#include <string.h>

#include "image/flash_block.h"

#define STEP_BYTES 512 /* of a chip that takes single bytes */
#define WORD_BYTES 4   /* of the widest bus: chips do not take a part of a word after the other */

static size_t least(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

/* The first block from `from` on that is not bad. LB_E(NOSPC): there is none. */
static int good_from(const struct lb_target_mtd *t, uint32_t from, uint32_t *out)
{
	for (uint32_t b = from; b < t->m.block_count; b++) {
		const int bad = t->m.is_bad(t->m.ctx, b);

		if (bad < 0)
			return bad;
		if (bad)
			continue;
		*out = b;
		return 0;
	}
	return LB_E(NOSPC);
}

/* 0: it counts as bad from now on, and something else may take its place. */
static int give_up(struct lb_target_mtd *t, uint32_t block)
{
	const int rc = t->m.mark_bad(t->m.ctx, block);

	if (rc == LB_E(UNSUP))
		return LB_E(IO);
	t->bad_count += rc == 0;
	return rc;
}

/* An erased block at or behind `from`. */
static int erase_from(struct lb_target_mtd *t, uint32_t from, uint32_t *out)
{
	for (;;) {
		uint32_t b;
		int rc = good_from(t, from, &b);

		if (rc < 0)
			return rc;
		if (t->m.erase(t->m.ctx, b) == 0) {
			*out = b;
			return 0;
		}
		rc = give_up(t, b);
		if (rc < 0)
			return rc;
		from = b + 1;
	}
}

static bool is_erased(const uint8_t *data, size_t n)
{
	return data[0] == 0xFF && memcmp(data, data + 1, n - 1) == 0;
}

/* Whole pages of it. Those that would hold nothing stay erased: pages of NAND may be programmed
 * once only. */
static int program_pages(struct lb_target_mtd *t, uint32_t block, size_t at, size_t n)
{
	const size_t whole = (n + t->m.page_bytes - 1) / t->m.page_bytes * t->m.page_bytes;

	if (is_erased(t->page, n))
		return 0;
	memset(t->page + n, 0xFF, whole - n);
	return t->m.program(t->m.ctx, block, (uint32_t)at, t->page, whole);
}

/* Bytes `from` to `to` of a block, `from` at a page and a word. No data: zeroes. */
static int program(struct lb_target_mtd *t, uint32_t block, const uint8_t *data, size_t from,
		   size_t to)
{
	const size_t page = t->m.page_bytes;
	const size_t step = page > STEP_BYTES ? page : STEP_BYTES / page * page;
	int rc = 0;

	for (size_t at = from, n; rc == 0 && at < to; at += n) {
		n = least(step - at % step, to - at);
		if (data)
			memcpy(t->page, data + at, n);
		else
			memset(t->page, 0, n);
		rc = program_pages(t, block, at, n);
	}
	return rc;
}

static int write_block(struct lb_target_mtd *t, const uint8_t *data, size_t n)
{
	for (;;) {
		uint32_t b;
		int rc = erase_from(t, t->next_block, &b);

		if (rc < 0)
			return rc;
		t->next_block = b + 1;
		if (program(t, b, data, 0, n) == 0)
			return 0;
		rc = give_up(t, b);
		if (rc < 0)
			return rc;
	}
}

static uint64_t room(const struct lb_target_mtd *t)
{
	return (uint64_t)(t->m.block_count - t->bad_count) * t->m.block_bytes;
}

static int mtd_begin(void *ctx, uint64_t image_bytes)
{
	struct lb_target_mtd *t = ctx;
	int rc;

	if (image_bytes != LB_TARGET_LENGTH_UNKNOWN && image_bytes > room(t))
		return LB_E(NOSPC);
	rc = erase_from(t, 0, &t->head_block);
	t->next_block = t->head_block + 1;
	t->end_bytes = t->m.block_bytes;
	t->read_known = false;
	return rc;
}

static int write_blocks(struct lb_target_mtd *t, uint64_t off_bytes, const uint8_t *data,
			uint64_t n)
{
	int rc = off_bytes == t->end_bytes ? 0 : LB_E(RANGE);

	for (uint64_t at = 0; rc == 0 && at < n; at += t->m.block_bytes) {
		rc = write_block(t, data ? data + at : NULL, least(t->m.block_bytes, n - at));
		t->end_bytes += t->m.block_bytes;
	}
	return rc;
}

static int mtd_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	return write_blocks(ctx, off_bytes, buf, n);
}

/* Zeroes are bits like others here. */
static int mtd_zero(void *ctx, uint64_t off_bytes, uint64_t n)
{
	return write_blocks(ctx, off_bytes, NULL, n);
}

static int mtd_flush(void *ctx)
{
	return 0; /* what was programmed is there */
}

/* Bad blocks are marked, so that counting the others leads to where it was written. */
static int find(struct lb_target_mtd *t, uint32_t logical, uint32_t *out)
{
	uint32_t at = 0, physical = 0;
	int rc;

	if (t->read_known && logical >= t->read_logical) {
		at = t->read_logical;
		physical = t->read_physical;
	}
	rc = good_from(t, physical, &physical);
	for (; rc == 0 && at < logical; at++)
		rc = good_from(t, physical + 1, &physical);
	if (rc < 0)
		return rc == LB_E(NOSPC) ? LB_E(RANGE) : rc;
	t->read_known = true;
	t->read_logical = logical;
	t->read_physical = physical;
	*out = physical;
	return 0;
}

static int mtd_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	struct lb_target_mtd *t = ctx;

	for (size_t done = 0, use; done < n; done += use) {
		const uint64_t at = off_bytes + done;
		const uint32_t within = (uint32_t)(at % t->m.block_bytes);
		uint32_t b;
		int rc = find(t, (uint32_t)(at / t->m.block_bytes), &b);

		use = least(n - done, t->m.block_bytes - within);
		if (rc == 0)
			rc = t->m.read(t->m.ctx, b, within, (uint8_t *)buf + done, use);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Chips that take single bytes get the first word last, in which the magic of most images stands;
 * others get their pages in order. */
static int mtd_commit(void *ctx, const void *head, size_t n)
{
	struct lb_target_mtd *t = ctx;
	const size_t word = t->m.page_bytes > WORD_BYTES ? t->m.page_bytes : WORD_BYTES;
	const size_t first = t->m.page_bytes < STEP_BYTES ? word : 0;
	int rc = program(t, t->head_block, head, first, n);

	if (rc == 0)
		rc = program(t, t->head_block, head, 0, least(first, n));
	if (rc == 0)
		return 0;
	rc = give_up(t, t->head_block);
	return rc < 0 ? rc : LB_E(STATE);
}

static int mtd_clear(void *ctx, uint64_t off_bytes)
{
	struct lb_target_mtd *t = ctx;
	uint32_t b;
	int rc = erase_from(t, t->next_block, &b);

	if (rc < 0)
		return rc == LB_E(NOSPC) ? 0 : rc; /* the image fills all of it */
	memcpy(t->page, LB_FLASH_DEADCODE, sizeof(LB_FLASH_DEADCODE) - 1);
	return program_pages(t, b, 0, sizeof(LB_FLASH_DEADCODE) - 1);
}

static uint64_t mtd_bad_bytes(void *ctx)
{
	const struct lb_target_mtd *t = ctx;

	return (uint64_t)t->bad_count * t->m.block_bytes;
}

int lb_target_mtd_init(struct lb_target_mtd *t, const struct plat_mtd *m, struct plat_target *out)
{
	if (m->page_bytes == 0 || m->page_bytes > sizeof(t->page) || m->block_bytes % 512 != 0 ||
	    m->block_bytes % m->page_bytes != 0)
		return LB_E(UNSUP);
	t->m = *m;
	t->bad_count = 0;
	t->read_known = false;
	for (uint32_t b = 0; b < m->block_count; b++) {
		const int bad = m->is_bad(m->ctx, b);

		if (bad < 0)
			return bad;
		t->bad_count += bad > 0;
	}
	*out = (struct plat_target){
		.ctx = t,
		.size_bytes = room(t),
		.head_bytes = m->block_bytes,
		.block_bytes = m->block_bytes,
		.begin = mtd_begin,
		.write = mtd_write,
		.zero = mtd_zero,
		.flush = mtd_flush,
		.read = mtd_read,
		.commit = mtd_commit,
		.clear = mtd_clear,
		.bad_bytes = mtd_bad_bytes,
	};
	return 0;
}
