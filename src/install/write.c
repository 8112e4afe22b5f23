#include "install/write.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN	    4096
#define GRAIN_BYTES 65536      /* shorter runs of zeroes cost more calls than they save */
#define BLOCK_MAX   (4u << 20) /* no flash has larger erase blocks */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static size_t piece_for(const struct plat_target *t)
{
	return t->block_bytes >= LB_RING_PIECE_BYTES
		       ? t->block_bytes
		       : LB_RING_PIECE_BYTES / t->block_bytes * t->block_bytes;
}

int lb_write_open(struct lb_write *w, const struct plat_target *target)
{
	const size_t head_room = (target->head_bytes + ALIGN) / ALIGN * ALIGN;
	int rc;

	if (target->block_bytes == 0 || target->block_bytes > BLOCK_MAX ||
	    target->head_bytes > BLOCK_MAX)
		return LB_E(UNSUP);
	*w = (struct lb_write){.target = target, .head = aligned_alloc(ALIGN, head_room)};
	rc = w->head ? lb_ring_open(&w->ring, piece_for(target)) : LB_E(NOSPC);
	if (rc < 0)
		lb_write_closep(w);
	return rc;
}

void lb_write_closep(struct lb_write *w)
{
	lb_ring_closep(&w->ring);
	free(w->head);
	w->head = NULL;
}

/* --- the lanes */

static int hash_lane(void *ctx, const uint8_t *data, size_t n)
{
	struct lb_write *w = ctx;

	lb_sha256_feed(&w->hash, data, n);
	return 0;
}

static bool is_zero(const uint8_t *data, size_t n)
{
	return data[0] == 0 && memcmp(data, data + 1, n - 1) == 0;
}

static int flush_zeroes(struct lb_write *w)
{
	const uint64_t n = w->zero_bytes;

	w->zero_bytes = 0;
	return n > 0 ? w->target->zero(w->target->ctx, w->zero_at, n) : 0;
}

static int write_run(struct lb_write *w, uint64_t at, const uint8_t *data, size_t n)
{
	int rc = n > 0 ? flush_zeroes(w) : 0;

	return rc < 0 || n == 0 ? rc : w->target->write(w->target->ctx, at, data, n);
}

/* Runs of zeroes grow over the borders of pieces; what is not zero goes out in one call. */
static int write_body(struct lb_write *w, uint64_t at, const uint8_t *data, size_t n)
{
	const size_t grain =
		w->target->block_bytes > GRAIN_BYTES
			? w->target->block_bytes
			: GRAIN_BYTES / w->target->block_bytes * w->target->block_bytes;
	size_t run = 0, use;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i += use) {
		use = n - i < grain ? n - i : grain;
		if (!is_zero(data + i, use))
			continue;
		rc = write_run(w, at + run, data + run, i - run);
		if (w->zero_bytes == 0)
			w->zero_at = at + i;
		w->zero_bytes += use;
		run = i + use;
	}
	return rc < 0 ? rc : write_run(w, at + run, data + run, n - run);
}

static int write_lane(void *ctx, const uint8_t *data, size_t n)
{
	struct lb_write *w = ctx;
	const uint32_t head_bytes = w->target->head_bytes;
	const uint64_t at = w->written_bytes;
	const uint64_t left = w->payload_bytes > at ? w->payload_bytes - at : 0;
	size_t of_head = 0;

	w->written_bytes += n;
	n = (size_t)least(n, left);
	if (at < head_bytes) {
		of_head = (size_t)least(n, head_bytes - at);
		memcpy(w->head + at, data, of_head);
		w->head_len += of_head;
	}
	return write_body(w, at + of_head, data + of_head, n - of_head);
}

/* --- the calls */

int lb_write_begin(struct lb_write *w, uint64_t payload_bytes)
{
	int rc;

	lb_ring_abort(&w->ring);
	rc = w->target->begin(w->target->ctx, payload_bytes);
	if (rc < 0)
		return rc;
	w->payload_bytes = payload_bytes;
	w->head_len = 0;
	w->put_bytes = w->written_bytes = w->zero_bytes = 0;
	lb_ring_add(&w->ring, write_lane, w);
	return 0;
}

uint8_t *lb_write_room(struct lb_write *w)
{
	struct lb_ring_piece *p = lb_ring_take(&w->ring);

	return p ? p->data : NULL;
}

void lb_write_put(struct lb_write *w, size_t n)
{
	w->put_bytes += n;
	lb_ring_put(&w->ring, n);
}

void lb_write_length(struct lb_write *w, uint64_t payload_bytes)
{
	lb_ring_wait(&w->ring); /* the lanes look at it */
	w->payload_bytes = payload_bytes;
}

int lb_write_end(struct lb_write *w, bool clear_rest)
{
	const struct plat_target *t = w->target;
	int rc = lb_ring_finish(&w->ring);

	if (rc == 0)
		rc = flush_zeroes(w);
	if (w->payload_bytes == LB_WRITE_LENGTH_UNKNOWN)
		w->payload_bytes = w->put_bytes;
	if (rc == 0 && w->put_bytes < w->payload_bytes)
		rc = LB_E(TRUNC);
	if (rc == 0 && clear_rest)
		rc = t->clear(t->ctx, (w->payload_bytes + t->block_bytes - 1) / t->block_bytes *
					      t->block_bytes);
	if (rc == 0)
		rc = t->flush(t->ctx);
	return rc;
}

static int read_body(struct lb_write *w, void (*tell)(void *ctx, uint64_t bytes), void *ctx)
{
	const struct plat_target *t = w->target;

	for (uint64_t at = w->head_len, n; at < w->payload_bytes; at += n) {
		struct lb_ring_piece *p = lb_ring_take(&w->ring);
		int rc;

		n = least(w->ring.piece_bytes, w->payload_bytes - at);
		if (!p)
			return LB_E(IO);
		rc = t->read(t->ctx, at, p->data, (size_t)n);
		if (rc < 0)
			return rc;
		lb_ring_put(&w->ring, (size_t)n);
		if (tell)
			tell(ctx, at + n);
	}
	return 0;
}

int lb_write_check(struct lb_write *w, const uint8_t sha256[LB_SHA256_SIZE],
		   void (*tell)(void *ctx, uint64_t bytes), void *ctx)
{
	uint8_t back[LB_SHA256_SIZE];
	int rc, finished;

	lb_sha256_begin(&w->hash);
	lb_sha256_feed(&w->hash, w->head, w->head_len);
	lb_ring_add(&w->ring, hash_lane, w);
	rc = read_body(w, tell, ctx);
	finished = lb_ring_finish(&w->ring);
	if (rc < 0 || finished < 0)
		return rc < 0 ? rc : finished;
	lb_sha256_end(&w->hash, back);
	return memcmp(back, sha256, sizeof(back)) == 0 ? 0 : LB_E(CRC);
}

static int check_head(struct lb_write *w)
{
	const struct plat_target *t = w->target;
	const size_t room = w->ring.piece_bytes;

	for (size_t at = 0, n; at < w->head_len; at += n) {
		uint8_t *back = w->ring.piece[0].data;
		int rc;

		n = w->head_len - at < room ? w->head_len - at : room;
		rc = t->read(t->ctx, at, back, n);
		if (rc < 0)
			return rc;
		if (memcmp(back, w->head + at, n) != 0)
			return LB_E(CRC);
	}
	return 0;
}

int lb_write_commit(struct lb_write *w)
{
	const struct plat_target *t = w->target;
	int rc;

	if (t->dress)
		t->dress(t->ctx, w->head, w->head_len);
	rc = t->commit(t->ctx, w->head, w->head_len);
	if (rc < 0)
		return rc;
	rc = check_head(w);
	/* It must not pass for a head that is right. */
	if (rc < 0)
		(void)t->begin(t->ctx, w->payload_bytes);
	return rc;
}
