#include "plat/block_part.h"

static int part_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	const struct lb_block_part *p = ctx;

	return p->whole.read(p->whole.ctx, p->off_bytes + off_bytes, buf, n);
}

static int part_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	const struct lb_block_part *p = ctx;

	return p->whole.write(p->whole.ctx, p->off_bytes + off_bytes, buf, n);
}

static int part_flush(void *ctx)
{
	const struct lb_block_part *p = ctx;

	return p->whole.flush(p->whole.ctx);
}

struct plat_block lb_block_part(struct lb_block_part *p, const struct plat_block *whole,
				uint64_t off_bytes, uint64_t size_bytes)
{
	*p = (struct lb_block_part){.whole = *whole, .off_bytes = off_bytes};
	return (struct plat_block){.ctx = p,
				   .size_bytes = size_bytes,
				   .read = part_read,
				   .write = part_write,
				   .flush = part_flush};
}
