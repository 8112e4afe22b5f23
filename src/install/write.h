/* install/write.h - the bytes of an image onto a target, each once, read back, the head last.
 *
 * Knows nothing of formats and signatures: who calls it has verified the image, or does so before
 * lb_write_commit(). Calls come in the order in which they stand here; after one that failed only
 * lb_write_begin() or lb_write_closep() make sense, and the target is not whole. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "install/hash.h"
#include "install/ring.h"
#include "plat/target.h"

#define LB_WRITE_LENGTH_UNKNOWN LB_TARGET_LENGTH_UNKNOWN

struct lb_write {
	const struct plat_target *target;
	struct lb_ring ring;
	uint8_t *head; /* head_bytes of the target */
	size_t head_len;
	uint64_t payload_bytes; /* what is put behind them is not written */
	uint64_t put_bytes;
	uint64_t written_bytes;	      /* how far the lane is */
	uint64_t zero_at, zero_bytes; /* a run that was not given to the target yet */
	struct lb_sha256 hash;
};

/* Takes some memory: at least 1 MiB. 0 or LB_E(NOSPC), LB_E(UNSUP) the target's blocks are too
 * large. `target` must stay; `w` may be all zero before. Release with lb_write_closep(). */
MUST_CHECK int lb_write_open(struct lb_write *w, const struct plat_target *target);

/* The target is not whole from now on. LB_E(NOSPC): the image is too large, nothing was changed. */
MUST_CHECK int lb_write_begin(struct lb_write *w, uint64_t payload_bytes);

/* Room for the next bytes, w->ring.piece_bytes of it, or NULL: writing failed. Fill it from its
 * start, then put it: only the last one may be filled in part. */
uint8_t *lb_write_room(struct lb_write *w);
void lb_write_put(struct lb_write *w, size_t n);

/* Now the length is known. Before a byte behind it is put. */
void lb_write_length(struct lb_write *w, uint64_t payload_bytes);

/* All was put. `clear_rest`: no old overlay may be found behind it. Then it is on the medium, but
 * for the head. LB_E(TRUNC): less was put than was said. */
MUST_CHECK int lb_write_end(struct lb_write *w, bool clear_rest);

/* Read it back. LB_E(CRC): it is something else than what was verified, the hash of which is given.
 * `tell` is called with the bytes that were read. */
MUST_CHECK int lb_write_check(struct lb_write *w, const uint8_t sha256[LB_SHA256_SIZE],
			      void (*tell)(void *ctx, uint64_t bytes), void *ctx);

/* Now the head, read back as well: the target is whole. LB_E(STATE): the head's place went bad,
 * which moves everything: begin again. */
MUST_CHECK int lb_write_commit(struct lb_write *w);

void lb_write_closep(struct lb_write *w);
