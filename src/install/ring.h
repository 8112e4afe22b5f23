/* install/ring.h - one who fills pieces of memory, and threads that each see every piece in order.
 *
 * Reading, hashing and writing an image take about as long as each other: done at the same time on
 * two processors they take half. Where no thread can be had the same is done one after the other.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_RING_PIECES	    4
#define LB_RING_LANES_MAX   2
#define LB_RING_PIECE_BYTES (256u << 10) /* less costs calls, more costs memory */

struct lb_ring_piece {
	uint8_t *data; /* on a multiple of 4096 */
	size_t n;
};

/* 0, or LB_E(...), which ends the run: nobody sees another piece. */
typedef int lb_ring_lane_fn(void *ctx, const uint8_t *data, size_t n);

struct lb_ring;

struct lb_ring_lane {
	struct lb_ring *ring;
	lb_ring_lane_fn *run;
	void *ctx;
	uint64_t taken; /* pieces that it has done with */
	bool threaded;
	pthread_t thread;
};

struct lb_ring {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint8_t *memory;
	size_t piece_bytes;
	struct lb_ring_piece piece[LB_RING_PIECES];
	struct lb_ring_lane lane[LB_RING_LANES_MAX];
	size_t lanes;
	uint64_t put; /* pieces that were filled */
	bool over;
	int error; /* the first one */
};

/* 0 or LB_E(NOSPC). Release with lb_ring_closep(). `r` may be all zero before. */
MUST_CHECK int lb_ring_open(struct lb_ring *r, size_t piece_bytes);

/* Before the first piece. */
void lb_ring_add(struct lb_ring *r, lb_ring_lane_fn *run, void *ctx);

/* The next piece to be filled, piece_bytes of room; waits until every lane has done with what was
 * in it. NULL: a lane failed. */
struct lb_ring_piece *lb_ring_take(struct lb_ring *r);
/* It is filled with n bytes. */
void lb_ring_put(struct lb_ring *r, size_t n);

/* Wait until every lane has done with what was put. */
void lb_ring_wait(struct lb_ring *r);

/* Nothing more comes: waits for all lanes, which are gone then, so that others may be added. 0 or
 * what the first lane failed with. */
MUST_CHECK int lb_ring_finish(struct lb_ring *r);

/* The same without an answer; also when nothing was begun. */
void lb_ring_abort(struct lb_ring *r);

void lb_ring_closep(struct lb_ring *r);
