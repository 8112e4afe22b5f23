#include "store/safe_copy.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define ALIGN	    4096
#define PIECE_BYTES 65536

_Static_assert(LB_SAFE_HASH_BYTES == crypto_hash_sha256_BYTES, "the size of a SHA-256");

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A whole number of the target's blocks. */
static size_t piece_for(const struct plat_target *t)
{
	return t->block_bytes >= PIECE_BYTES ? t->block_bytes
					     : PIECE_BYTES / t->block_bytes * t->block_bytes;
}

static void *piece_new(const struct plat_target *t)
{
	return aligned_alloc(ALIGN, (piece_for(t) + ALIGN - 1) / ALIGN * ALIGN);
}

/* --- reading it */

static int take_piece(const struct plat_target *t, uint64_t at, uint8_t *piece, size_t n,
		      int (*take)(void *ctx, const void *data, size_t n), void *ctx)
{
	int rc = t->read(t->ctx, at, piece, n);

	return rc == 0 && take ? take(ctx, piece, n) : rc;
}

int lb_safe_copy_find(struct lb_safe_header *out, const struct plat_target *target,
		      int (*take)(void *ctx, const void *data, size_t n), void *ctx)
{
	CLEANUP(lb_freep) uint8_t *piece = piece_new(target);
	const size_t room = piece_for(target);
	crypto_hash_sha256_state state;
	uint8_t hash[LB_SAFE_HASH_BYTES];
	struct lb_safe_header h;
	uint64_t at = target->head_bytes;
	int rc;

	if (!piece)
		return LB_E(NOSPC);
	if (target->size_bytes < at + LB_SAFE_HEADER_BYTES)
		return LB_E(NOENT);
	rc = target->read(target->ctx, at, piece, LB_SAFE_HEADER_BYTES);
	if (rc < 0)
		return rc;
	at += LB_SAFE_HEADER_BYTES;
	if (lb_safe_header_parse(&h, piece, LB_SAFE_HEADER_BYTES) < 0 ||
	    h.archive_bytes > target->size_bytes - at)
		return LB_E(NOENT);
	crypto_hash_sha256_init(&state);
	for (uint64_t left = h.archive_bytes, n; rc == 0 && left > 0; left -= n, at += n) {
		n = least(left, room);
		rc = take_piece(target, at, piece, (size_t)n, take, ctx);
		crypto_hash_sha256_update(&state, piece, n);
	}
	if (rc < 0)
		return rc;
	crypto_hash_sha256_final(&state, hash);
	if (memcmp(hash, h.hash, sizeof(hash)) != 0)
		return LB_E(CRC);
	*out = h;
	return 0;
}

static bool is_there(const struct plat_safe_copy *p)
{
	struct lb_safe_header found;

	return lb_safe_copy_find(&found, p->target, NULL, NULL) == 0 &&
	       found.archive_bytes == p->archive.archive_bytes &&
	       memcmp(found.hash, p->archive.hash, sizeof(found.hash)) == 0;
}

/* --- writing it */

/* Header and archive are one stream. */
static int fill(const struct plat_safe_copy *p, uint64_t at, uint8_t *piece, size_t n)
{
	size_t of_header = 0;

	if (at == 0) {
		of_header = LB_SAFE_HEADER_BYTES;
		lb_safe_header_encode(&p->archive, piece);
	}
	if (of_header == n)
		return 0;
	return p->read(p->ctx, at + of_header - LB_SAFE_HEADER_BYTES, piece + of_header,
		       n - of_header);
}

static int write_copy(const struct plat_safe_copy *p)
{
	const struct plat_target *t = p->target;
	CLEANUP(lb_freep) uint8_t *piece = piece_new(t);
	const uint64_t all = LB_SAFE_HEADER_BYTES + p->archive.archive_bytes;
	const size_t room = piece_for(t);
	int rc = piece ? 0 : LB_E(NOSPC);

	for (uint64_t at = 0, n; rc == 0 && at < all; at += n) {
		n = least(all - at, room);
		rc = fill(p, at, piece, (size_t)n);
		if (rc == 0)
			rc = t->write(t->ctx, t->head_bytes + at, piece, (size_t)n);
	}
	if (rc == 0)
		rc = t->flush(t->ctx);
	if (rc < 0)
		return rc;
	return is_there(p) ? 0 : LB_E(CRC);
}

int lb_safe_copy_run(const struct plat_safe_copy *p, bool begun, bool *changed)
{
	const struct plat_target *t = p->target;
	int rc = 0;

	*changed = begun;
	if (t->head_bytes == 0)
		return LB_E(UNSUP);
	if (!begun)
		rc = p->note(p->ctx, LB_SAFE_IN_OLD_OVERLAY);
	if (rc < 0)
		return rc;
	*changed = true;
	rc = t->begin(t->ctx, LB_TARGET_LENGTH_UNKNOWN);
	/* The one that is there may be all that is left: it is not written over with itself. */
	if (rc == 0 && !is_there(p))
		rc = write_copy(p);
	if (rc == 0)
		rc = p->note(p->ctx, LB_SAFE_IN_NEW_OVERLAY);
	return rc < 0 ? rc : p->place(p->ctx);
}
