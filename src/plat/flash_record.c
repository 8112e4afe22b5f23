#include "plat/flash_record.h"

#include <stdbool.h>

/* A piece of a copy that lies in one block. */
struct piece {
	uint32_t block, off_bytes;
	size_t n;
};

static uint32_t stride_bytes(const struct lb_flash_record *r)
{
	return r->blocks_per_copy * r->block_bytes;
}

static bool is_inside(const struct lb_flash_record *r, uint64_t off_bytes, size_t n)
{
	const uint64_t in_copy = off_bytes % stride_bytes(r);

	return off_bytes < (uint64_t)LB_RECORD_COPIES * stride_bytes(r) &&
	       n <= stride_bytes(r) - in_copy;
}

static struct piece piece_at(const struct lb_flash_record *r, uint64_t off_bytes, size_t left)
{
	const uint32_t in_block = (uint32_t)(off_bytes % r->block_bytes);
	const size_t room = r->block_bytes - in_block;

	return (struct piece){.block = r->blocks[off_bytes / r->block_bytes],
			      .off_bytes = in_block,
			      .n = left < room ? left : room};
}

static int record_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	const struct lb_flash_record *r = ctx;
	uint8_t *to = buf;

	if (!is_inside(r, off_bytes, n))
		return LB_E(RANGE);
	for (size_t done = 0; done < n;) {
		const struct piece p = piece_at(r, off_bytes + done, n - done);
		int rc = r->mtd.read
				 ? r->mtd.read(r->mtd.ctx, p.block, p.off_bytes, to + done, p.n)
				 : r->ubi.read(r->ubi.ctx, p.block, p.off_bytes, to + done, p.n);

		if (rc < 0)
			return rc;
		done += p.n;
	}
	return 0;
}

static int replace(const struct lb_flash_record *r, uint32_t block, const uint8_t *from, size_t n)
{
	const struct plat_mtd *m = &r->mtd;
	int rc = LB_E(IO);

	if (!m->erase)
		return r->ubi.change(r->ubi.ctx, block, from, n);
	for (int attempt = 0; attempt < 2 && rc < 0; attempt++) {
		rc = m->erase(m->ctx, block);
		if (rc == 0)
			rc = m->program(m->ctx, block, 0, from, n);
	}
	if (rc < 0) /* NOR knows no bad blocks: then the other copy is the last one */
		(void)!m->mark_bad(m->ctx, block);
	return rc;
}

static int record_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	const struct lb_flash_record *r = ctx;
	const uint8_t *from = buf;

	if (!is_inside(r, off_bytes, n) || off_bytes % stride_bytes(r) != 0 || n != LB_RECORD_BYTES)
		return LB_E(RANGE);
	for (size_t done = 0; done < n;) {
		const struct piece p = piece_at(r, off_bytes + done, n - done);
		int rc = replace(r, p.block, from + done, p.n);

		if (rc < 0)
			return rc;
		done += p.n;
	}
	return 0;
}

static int record_flush(void *ctx)
{
	return 0;
}

static int lay_out(struct lb_flash_record *r, uint32_t block_bytes)
{
	if (block_bytes < LB_FLASH_RECORD_BLOCK_MIN)
		return LB_E(UNSUP);
	r->block_bytes = block_bytes;
	r->blocks_per_copy = (LB_RECORD_BYTES + block_bytes - 1) / block_bytes;
	return 0;
}

static struct plat_block as_block(struct lb_flash_record *r)
{
	return (struct plat_block){
		.ctx = r,
		.size_bytes = (uint64_t)LB_RECORD_COPIES * stride_bytes(r),
		.copy_stride_bytes = stride_bytes(r),
		.read = record_read,
		.write = record_write,
		.flush = record_flush,
	};
}

int lb_flash_record_mtd(struct lb_flash_record *r, struct plat_block *out,
			const struct plat_mtd *mtd)
{
	struct lb_flash_record made = {.mtd = *mtd};
	uint32_t found = 0;
	int rc = lay_out(&made, mtd->block_bytes);

	if (rc < 0)
		return rc;
	if (mtd->page_bytes == 0 || LB_RECORD_BYTES % mtd->page_bytes != 0 ||
	    made.block_bytes % mtd->page_bytes != 0)
		return LB_E(UNSUP);
	for (uint32_t b = 0;
	     b < mtd->block_count && found < LB_RECORD_COPIES * made.blocks_per_copy; b++) {
		int bad = mtd->is_bad(mtd->ctx, b);

		if (bad < 0)
			return bad;
		if (!bad)
			made.blocks[found++] = b;
	}
	if (found < LB_RECORD_COPIES * made.blocks_per_copy)
		return LB_E(NOSPC);
	*r = made;
	*out = as_block(r);
	return 0;
}

int lb_flash_record_ubi(struct lb_flash_record *r, struct plat_block *out,
			const struct plat_ubi *ubi)
{
	struct lb_flash_record made = {.ubi = *ubi};
	int rc = lay_out(&made, ubi->block_bytes);

	if (rc < 0)
		return rc;
	if (ubi->block_count < LB_RECORD_COPIES * made.blocks_per_copy)
		return LB_E(NOSPC);
	for (uint32_t b = 0; b < LB_RECORD_COPIES * made.blocks_per_copy; b++)
		made.blocks[b] = b;
	*r = made;
	*out = as_block(r);
	return 0;
}
