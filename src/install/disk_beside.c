#include "install/disk_beside.h"

#include <string.h>

#include "image/gpt.h"
#include "install/disk_table.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint32_t sector_bytes(const struct lb_disk_beside *b)
{
	return b->merge.after.sector_bytes;
}

/* How far from `at` all bytes have one fate, and which. Behind the last partition of the image
 * there is only its backup of the table, which would stand in the middle of the disk. */
static uint64_t same_until(const struct lb_disk_beside *b, uint64_t at, bool *kept)
{
	const uint64_t end = b->merge.image_end * sector_bytes(b);
	uint64_t until = end;

	*kept = at >= end;
	if (*kept)
		return UINT64_MAX;
	for (size_t i = 0; i < b->merge.meanwhile.count; i++) {
		const struct lb_part *p = &b->merge.meanwhile.part[i];
		const uint64_t from = p->first * sector_bytes(b);
		const uint64_t to = (p->last + 1) * sector_bytes(b);

		if (at >= from && at < to) {
			*kept = true;
			return to;
		}
		if (at < from)
			until = least(until, from);
	}
	return until;
}

typedef int piece_fn(const struct plat_target *t, uint64_t at, void *data, uint64_t n);

/* The pieces that are not kept. Only read_piece() changes what `data` points to. */
static int for_pieces(const struct lb_disk_beside *b, uint64_t at, uint8_t *data, uint64_t n,
		      piece_fn *piece)
{
	const uint64_t end = at + n;
	int rc = 0;

	while (rc == 0 && at < end) {
		bool kept = false;
		const uint64_t to = least(end, b->keeps ? same_until(b, at, &kept) : end);

		if (!kept)
			rc = piece(b->under, at, data, to - at);
		if (data)
			data += to - at;
		at = to;
	}
	return rc;
}

static int write_piece(const struct plat_target *t, uint64_t at, void *data, uint64_t n)
{
	return t->write(t->ctx, at, data, (size_t)n);
}

static int read_piece(const struct plat_target *t, uint64_t at, void *data, uint64_t n)
{
	return t->read(t->ctx, at, data, (size_t)n);
}

static int zero_piece(const struct plat_target *t, uint64_t at, void *data, uint64_t n)
{
	return t->zero(t->ctx, at, n);
}

static void beside_mask(void *ctx, uint64_t off_bytes, uint8_t *data, size_t n)
{
	const struct lb_disk_beside *b = ctx;
	const uint64_t end = off_bytes + n;
	bool kept;

	if (!b->keeps)
		return;
	for (uint64_t at = off_bytes, to; at < end; at = to) {
		to = least(end, same_until(b, at, &kept));
		if (kept)
			memset(data + (at - off_bytes), 0, (size_t)(to - at));
	}
}

static int beside_begin(void *ctx, uint64_t image_bytes)
{
	const struct lb_disk_beside *b = ctx;

	if (!b->keeps)
		return b->under->begin(b->under->ctx, image_bytes);
	return lb_disk_table_put(b->disk, &b->merge.meanwhile, b->backup_in_use, NULL);
}

static int beside_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	return for_pieces(ctx, off_bytes, (uint8_t *)buf, n, write_piece);
}

static int beside_zero(void *ctx, uint64_t off_bytes, uint64_t n)
{
	return for_pieces(ctx, off_bytes, NULL, n, zero_piece);
}

static int beside_flush(void *ctx)
{
	const struct lb_disk_beside *b = ctx;

	return b->under->flush(b->under->ctx);
}

static int beside_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	memset(buf, 0, n);
	return for_pieces(ctx, off_bytes, buf, n, read_piece);
}

/* Behind the first sector and the header. */
static uint64_t entries_from(const struct lb_ptable *t)
{
	return (t->kind == LB_PTABLE_MBR ? 1 : t->entries_at) * t->sector_bytes;
}

static uint64_t entries_to(const struct lb_ptable *t)
{
	return entries_from(t) + (t->kind == LB_PTABLE_MBR ? 0 : lb_gpt_entries_bytes(t));
}

static void beside_dress(void *ctx, uint8_t *head, size_t n)
{
	const struct lb_disk_beside *b = ctx;
	const struct lb_ptable *t = &b->merge.after;

	if (!b->keeps)
		return;
	if (t->kind == LB_PTABLE_MBR) {
		lb_mbr_put(t, head);
		return;
	}
	lb_gpt_protect(head, t->backup_at + 1);
	/* lb_disk_beside_keep() looked whether there is room for both. */
	if (lb_gpt_put_header(t, LB_GPT_PRIMARY, head + t->sector_bytes, n - t->sector_bytes) < 0 ||
	    lb_gpt_put_entries(t, head + t->entries_at * t->sector_bytes,
			       n - t->entries_at * t->sector_bytes) < 0)
		memset(head, 0, t->sector_bytes);
}

static int write_range(struct lb_disk_beside *b, const uint8_t *head, uint64_t from, uint64_t to)
{
	return from < to ? beside_write(b, from, head + from, (size_t)(to - from)) : 0;
}

/* Boot loaders stand before and behind the entries; the table itself comes last. */
static int beside_commit(void *ctx, const void *head, size_t n)
{
	struct lb_disk_beside *b = ctx;
	const struct lb_ptable *t = &b->merge.after;
	int rc;

	if (!b->keeps)
		return b->under->commit(b->under->ctx, head, n);
	rc = write_range(b, head, 2 * (uint64_t)t->sector_bytes, entries_from(t));
	if (rc == 0)
		rc = write_range(b, head, entries_to(t), n);
	if (rc == 0)
		rc = beside_flush(b);
	return rc < 0 ? rc : lb_disk_table_put(b->disk, t, b->backup_in_use, head);
}

/* What is not the image's is the owner's. */
static int beside_clear(void *ctx, uint64_t off_bytes)
{
	const struct lb_disk_beside *b = ctx;

	return b->keeps ? 0 : b->under->clear(b->under->ctx, off_bytes);
}

struct plat_target lb_disk_beside_plat(struct lb_disk_beside *b, const struct plat_target *under,
				       const struct plat_block *disk)
{
	struct plat_target t = *under;

	b->under = under;
	b->disk = disk;
	b->keeps = false;
	t.ctx = b;
	t.begin = beside_begin;
	t.write = beside_write;
	t.zero = beside_zero;
	t.flush = beside_flush;
	t.read = beside_read;
	t.commit = beside_commit;
	t.clear = beside_clear;
	t.mask = beside_mask;
	t.dress = beside_dress;
	return t;
}

int lb_disk_beside_keep(struct lb_disk_beside *b, const struct lb_ptable_merge *merge,
			bool backup_in_use)
{
	const uint64_t image_bytes = merge->image_end * merge->after.sector_bytes;
	const uint64_t to = entries_to(&merge->after);

	if (to > b->under->head_bytes || to > image_bytes)
		return LB_E(UNSUP);
	b->merge = *merge;
	b->backup_in_use = backup_in_use;
	b->keeps = true;
	return 0;
}
