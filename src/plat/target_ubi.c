#include "plat/target_ubi.h"

/* Not const, or it would take a MiB of the file. */
static uint8_t zeroes[LB_TARGET_UBI_BLOCK_MAX];

static size_t least(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

static uint64_t room(const struct lb_target_ubi *t)
{
	return (uint64_t)t->u.block_count * t->u.block_bytes;
}

/* What an earlier attempt wrote may be half of something else. */
static int begin_spare(struct lb_target_ubi *t)
{
	struct plat_ubi made;
	int rc = t->spare.drop(t->spare.ctx);

	t->made = false;
	if (rc == 0)
		rc = t->spare.make(t->spare.ctx, &made);
	if (rc < 0)
		return rc == LB_E(NOSPC) ? LB_E(IO) : rc; /* the image is not what is too large */
	t->made = true;
	t->u = made;
	return 0;
}

static int ubi_begin(void *ctx, uint64_t image_bytes)
{
	struct lb_target_ubi *t = ctx;

	if (image_bytes != LB_TARGET_LENGTH_UNKNOWN && image_bytes > room(t))
		return LB_E(NOSPC);
	if (t->beside)
		return begin_spare(t);
	/* It takes room, and no more: no reason to keep the image from its place. */
	if (t->has_spare)
		(void)t->spare.drop(t->spare.ctx);
	return t->u.empty(t->u.ctx);
}

static int change_blocks(struct lb_target_ubi *t, uint64_t off_bytes, const uint8_t *data,
			 uint64_t n)
{
	int rc = 0;

	if (off_bytes > room(t) || n > room(t) - off_bytes)
		return LB_E(NOSPC);
	for (uint64_t at = 0, use; rc == 0 && at < n; at += use) {
		use = least(t->u.block_bytes, n - at);
		rc = t->u.change(t->u.ctx, (uint32_t)((off_bytes + at) / t->u.block_bytes),
				 data ? data + at : zeroes, (size_t)use);
	}
	return rc;
}

static int ubi_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	return change_blocks(ctx, off_bytes, buf, n);
}

/* A block that is not mapped reads as 0xFF: zeroes are data. */
static int ubi_zero(void *ctx, uint64_t off_bytes, uint64_t n)
{
	return change_blocks(ctx, off_bytes, NULL, n);
}

static int ubi_flush(void *ctx)
{
	return 0; /* nothing is cached */
}

static int ubi_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	struct lb_target_ubi *t = ctx;
	int rc = 0;

	for (size_t done = 0, use; rc == 0 && done < n; done += use) {
		const uint64_t at = off_bytes + done;
		const uint32_t within = (uint32_t)(at % t->u.block_bytes);

		use = least(n - done, t->u.block_bytes - within);
		rc = t->u.read(t->u.ctx, (uint32_t)(at / t->u.block_bytes), within,
			       (uint8_t *)buf + done, use);
	}
	return rc;
}

static int ubi_commit(void *ctx, const void *head, size_t n)
{
	struct lb_target_ubi *t = ctx;
	int rc;

	if (!t->beside)
		return t->u.change(t->u.ctx, 0, head, n);
	rc = t->spare.exchange(t->spare.ctx);
	t->made = rc < 0;
	return rc;
}

static int ubi_clear(void *ctx, uint64_t off_bytes)
{
	return 0; /* begin() has emptied all of it */
}

int lb_target_ubi_init(struct lb_target_ubi *t, const struct plat_ubi *u,
		       const struct plat_ubi_spare *spare, bool in_place, struct plat_target *out)
{
	int fits;

	if (u->block_bytes == 0 || u->block_bytes > sizeof(zeroes))
		return LB_E(UNSUP);
	fits = spare && !in_place ? spare->fits(spare->ctx) : 0;
	if (fits < 0)
		return fits;
	*t = (struct lb_target_ubi){.u = *u, .has_spare = spare != NULL, .beside = fits > 0};
	if (spare)
		t->spare = *spare;
	*out = (struct plat_target){
		.ctx = t,
		.size_bytes = room(t),
		.head_bytes = fits ? 0 : u->block_bytes,
		.block_bytes = u->block_bytes,
		.begin = ubi_begin,
		.write = ubi_write,
		.zero = ubi_zero,
		.flush = ubi_flush,
		.read = ubi_read,
		.commit = ubi_commit,
		.clear = ubi_clear,
	};
	return 0;
}

void lb_target_ubi_end(struct lb_target_ubi *t)
{
	if (t->made && t->spare.drop(t->spare.ctx) == 0)
		t->made = false;
}
