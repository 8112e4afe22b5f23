#include "store/reflash.h"

#include <sodium.h>
#include <string.h>

#define HEAD_BYTES LB_REFLASH_HEAD_BYTES

_Static_assert(LB_SHA256_BYTES == crypto_hash_sha256_BYTES, "the size of a SHA-256");

struct run {
	const struct plat_reflash *p;
	const uint8_t *wanted;
	struct lb_reflash_work *w;
	uint64_t image_bytes, padded_bytes, target_bytes;
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void tell(struct run *r, uint64_t more_bytes)
{
	/* Read, written, read back; the rest is cleared in large pieces. */
	uint64_t total = 3 * r->image_bytes + (r->target_bytes - r->padded_bytes);

	r->w->done_bytes += more_bytes;
	if (r->p->progress)
		r->p->progress(r->p->ctx, least(r->w->done_bytes, total), total);
}

static int hash_image(struct run *r)
{
	const struct plat_block *image = &r->p->image;
	crypto_hash_sha256_state state;
	int rc;

	crypto_hash_sha256_init(&state);
	for (uint64_t at = 0, n; at < r->image_bytes; at += n) {
		n = least(r->w->chunk_bytes, r->image_bytes - at);
		rc = image->read(image->ctx, at, r->w->chunk, (size_t)n);
		if (rc < 0)
			return rc;
		crypto_hash_sha256_update(&state, r->w->chunk, n);
		tell(r, n);
	}
	crypto_hash_sha256_final(&state, r->w->hash);
	return r->wanted && memcmp(r->wanted, r->w->hash, LB_SHA256_BYTES) != 0 ? LB_E(CRC) : 0;
}

/* Durable before the body is touched: an old head over a new body would look like a file system. */
static int wipe_head(struct run *r)
{
	const struct plat_block *target = &r->p->target;
	int rc;

	memset(r->w->chunk, 0, HEAD_BYTES);
	rc = target->write(target->ctx, 0, r->w->chunk, HEAD_BYTES);
	return rc < 0 ? rc : target->flush(target->ctx);
}

/* Flushed piece by piece: the memory of a small router holds no whole image. */
static int write_body(struct run *r)
{
	const struct plat_block *image = &r->p->image, *target = &r->p->target;
	int rc = image->read(image->ctx, 0, r->w->head, HEAD_BYTES);

	for (uint64_t at = HEAD_BYTES, n; rc == 0 && at < r->padded_bytes; at += n) {
		uint64_t from_image;

		n = least(r->w->chunk_bytes, r->padded_bytes - at);
		from_image = least(n, r->image_bytes - at);
		memset(r->w->chunk + from_image, 0, (size_t)(n - from_image));
		rc = image->read(image->ctx, at, r->w->chunk, (size_t)from_image);
		if (rc == 0)
			rc = target->write(target->ctx, at, r->w->chunk, (size_t)n);
		if (rc == 0)
			rc = target->flush(target->ctx);
		tell(r, n);
	}
	return rc;
}

#define CLEAR_PIECE_BYTES (64ull << 20) /* the person and the watchdog want to hear of it */

static int clear_rest(struct run *r)
{
	const struct plat_block *target = &r->p->target;
	int rc = 0;

	for (uint64_t at = r->padded_bytes, n; rc == 0 && at < r->target_bytes; at += n) {
		n = least(CLEAR_PIECE_BYTES, r->target_bytes - at);
		rc = r->p->clear(r->p->ctx, at, n);
		tell(r, n);
	}
	return rc < 0 ? rc : target->flush(target->ctx);
}

/* The head as it will be written, the body as it came back: together they must be the image. */
static int read_back(struct run *r)
{
	const struct plat_block *target = &r->p->target;
	uint8_t hash[LB_SHA256_BYTES];
	crypto_hash_sha256_state state;
	int rc;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, r->w->head, HEAD_BYTES);
	for (uint64_t at = HEAD_BYTES, n; at < r->image_bytes; at += n) {
		n = least(r->w->chunk_bytes, r->image_bytes - at);
		rc = target->read(target->ctx, at, r->w->chunk, (size_t)n);
		if (rc < 0)
			return rc;
		crypto_hash_sha256_update(&state, r->w->chunk, n);
		tell(r, n);
	}
	crypto_hash_sha256_final(&state, hash);
	return memcmp(hash, r->w->hash, sizeof(hash)) != 0 ? LB_E(CRC) : 0;
}

static int write_head(struct run *r)
{
	const struct plat_block *target = &r->p->target;
	int rc = target->write(target->ctx, 0, r->w->head, HEAD_BYTES);

	if (rc == 0)
		rc = target->flush(target->ctx);
	if (rc == 0)
		rc = target->read(target->ctx, 0, r->w->chunk, HEAD_BYTES);
	if (rc < 0)
		return rc;
	return memcmp(r->w->chunk, r->w->head, HEAD_BYTES) != 0 ? LB_E(CRC) : 0;
}

static int carry_out(struct run *r, const struct lb_reflash_plan *plan)
{
	switch (plan->step) {
	case LB_REFLASH_HASH:
		return hash_image(r);
	case LB_REFLASH_BEGIN:
		return r->p->begin(r->p->ctx);
	case LB_REFLASH_WIPE:
		return wipe_head(r);
	case LB_REFLASH_WRITE:
		return write_body(r);
	case LB_REFLASH_CLEAR:
		return clear_rest(r);
	case LB_REFLASH_READ_BACK:
		return read_back(r);
	case LB_REFLASH_HEAD:
		return write_head(r);
	case LB_REFLASH_END:
		return r->p->end(r->p->ctx, plan->why);
	case LB_REFLASH_FORGET:
		return r->p->forget(r->p->ctx, plan->why);
	case LB_REFLASH_DONE:
	case LB_REFLASH_REFUSED:
	case LB_REFLASH_BROKEN:
		break;
	}
	return 0;
}

static uint64_t padded(uint64_t image_bytes, uint64_t target_bytes)
{
	uint64_t up = (image_bytes + HEAD_BYTES - 1) / HEAD_BYTES * HEAD_BYTES;

	return least(up, target_bytes);
}

int lb_reflash_run(const struct plat_reflash *p, const struct lb_reflash_sense *sense,
		   const uint8_t wanted[LB_SHA256_BYTES], struct lb_reflash_work *work,
		   struct lb_reflash_report *report)
{
	struct run r = {.p = p,
			.wanted = wanted,
			.w = work,
			.image_bytes = sense->image_bytes,
			.padded_bytes = padded(sense->image_bytes, sense->target_bytes),
			.target_bytes = sense->target_bytes};
	struct lb_reflash_plan plan;

	work->done_bytes = 0;
	lb_reflash_begin(&plan, sense);
	while (!lb_reflash_is_over(&plan))
		lb_reflash_next(&plan, carry_out(&r, &plan));
	*report = (struct lb_reflash_report){.why = plan.why, .end = plan.step};
	memcpy(report->hash, work->hash, sizeof(report->hash));
	return plan.step == LB_REFLASH_DONE ? 0 : LB_E(STATE);
}

int lb_reflash_look(const struct plat_block *image, const uint8_t wanted[LB_SHA256_BYTES],
		    struct lb_reflash_work *work)
{
	const struct plat_reflash p = {.image = *image};
	struct run r = {.p = &p, .wanted = wanted, .w = work, .image_bytes = image->size_bytes};

	return hash_image(&r);
}
