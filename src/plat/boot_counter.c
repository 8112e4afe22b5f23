#include "plat/boot_counter.h"

#include <stdbool.h>
#include <string.h>

#include "plan/boot_counter.h"

#define PAGE_MAX 8192 /* the largest page of NAND chips in routers has 4 KiB */

/* What the log says, and where it goes on. */
struct tail {
	uint32_t count;
	bool ended;		   /* there is a free entry: the one below */
	uint32_t block, off_bytes; /* of the first free entry */
	bool damaged; /* the last entry is none: nobody knows what the loader makes of it */
	bool stale;   /* something lies behind the end: a cut hit the last erasure */
	unsigned entries, others; /* what was written there: entries, and what is none */
};

static uint32_t stride_of(const struct plat_mtd *m)
{
	return m->page_bytes > LB_BOOT_COUNTER_STRIDE ? m->page_bytes : LB_BOOT_COUNTER_STRIDE;
}

static void take(struct tail *t, const struct plat_mtd *m, uint32_t block, uint32_t off_bytes)
{
	uint8_t bytes[LB_BOOT_COUNTER_BYTES];
	uint32_t count = 0;
	int rc = m->read(m->ctx, block, off_bytes, bytes, sizeof(bytes));

	if (rc == 0)
		rc = lb_boot_counter_parse(&count, bytes);
	if (rc == LB_E(NOENT)) {
		if (!t->ended) {
			t->block = block;
			t->off_bytes = off_bytes;
		}
		t->ended = true;
		return;
	}
	if (rc == 0)
		t->entries++;
	else /* a page of NAND that was cut cannot even be read */
		t->others++;
	t->stale = t->ended;
	if (t->ended)
		return;
	t->damaged = rc < 0;
	if (rc == 0)
		t->count = count;
}

/* Nothing at its start: no boot has failed, whatever an erasure that was cut has left behind that.
 */
static bool is_empty(const struct tail *t)
{
	return t->ended && t->entries == 0 && !t->damaged;
}

/* The first entry of a log may have been cut. More than that without one entry is no log. */
static bool is_log(const struct tail *t)
{
	return t->entries > 0 || t->others < 2 || is_empty(t);
}

static int find_tail(struct tail *out, const struct plat_mtd *m)
{
	const uint32_t stride = stride_of(m);
	struct tail t = {0};
	bool first = true;

	if (stride > m->block_bytes || stride > PAGE_MAX)
		return LB_E(UNSUP);
	for (uint32_t block = 0; block < m->block_count; block++) {
		int rc = m->is_bad(m->ctx, block);

		if (rc < 0)
			return rc;
		for (uint32_t at = 0; rc == 0 && at + stride <= m->block_bytes; at += stride) {
			take(&t, m, block, at);
			first = false;
		}
	}
	if (first) /* all blocks are bad */
		return LB_E(NOSPC);
	if (!is_log(&t))
		return LB_E(FORMAT);
	*out = t;
	return 0;
}

/* From the start: as soon as the first block is erased the log says that there was no failed boot.
 * What a cut leaves behind that is seen, and erased the next time. */
static int erase_all(struct tail *t, const struct plat_mtd *m)
{
	bool first = true;

	for (uint32_t i = 0; i < m->block_count; i++) {
		int rc = m->is_bad(m->ctx, i);

		if (rc == 0)
			rc = m->erase(m->ctx, i);
		else if (rc > 0)
			continue;
		if (rc < 0)
			return rc;
		if (first)
			t->block = i;
		first = false;
	}
	t->off_bytes = 0;
	return 0;
}

int lb_boot_counter_read(uint32_t *count, const struct plat_mtd *mtd)
{
	struct tail t;
	int rc = find_tail(&t, mtd);

	if (rc == 0)
		*count = t.count;
	return rc;
}

int lb_boot_counter_clear(const struct plat_mtd *mtd)
{
	static uint8_t page[PAGE_MAX];
	struct tail t;
	int rc = find_tail(&t, mtd);

	if (rc < 0 || is_empty(&t) || (t.count == 0 && !t.damaged && !t.stale))
		return rc;
	if (!t.ended || t.stale)
		rc = erase_all(&t, mtd);
	if (rc < 0)
		return rc;
	memset(page, 0xff, sizeof(page));
	lb_boot_counter_make(page, 0);
	return mtd->program(mtd->ctx, t.block, t.off_bytes, page, stride_of(mtd));
}
