#include "install/ring.h"

#include <signal.h>
#include <stdlib.h>

#define ALIGN	    4096
#define STACK_BYTES (256u << 10) /* an unpacking library takes some 20 KiB of it */

static struct lb_ring_piece *piece_at(struct lb_ring *r, uint64_t number)
{
	return &r->piece[number % LB_RING_PIECES];
}

/* Outside of the lock. */
static void run_lane(struct lb_ring_lane *l, const struct lb_ring_piece *p, bool skip)
{
	struct lb_ring *r = l->ring;
	const int rc = skip ? 0 : l->run(l->ctx, p->data, p->n);

	(void)pthread_mutex_lock(&r->lock);
	l->taken++;
	if (rc < 0 && r->error == 0)
		r->error = rc;
	(void)pthread_cond_broadcast(&r->moved);
	(void)pthread_mutex_unlock(&r->lock);
}

static void *lane_main(void *ctx)
{
	struct lb_ring_lane *l = ctx;
	struct lb_ring *r = l->ring;

	for (;;) {
		bool more, skip;

		(void)pthread_mutex_lock(&r->lock);
		while (l->taken == r->put && !r->over)
			(void)pthread_cond_wait(&r->moved, &r->lock);
		more = l->taken < r->put;
		skip = r->error < 0;
		(void)pthread_mutex_unlock(&r->lock);
		if (!more)
			return NULL;
		run_lane(l, piece_at(r, l->taken), skip);
	}
}

int lb_ring_open(struct lb_ring *r, size_t piece_bytes)
{
	const size_t stride = (piece_bytes + ALIGN - 1) / ALIGN * ALIGN;
	uint8_t *memory = aligned_alloc(ALIGN, LB_RING_PIECES * stride);

	if (!memory)
		return LB_E(NOSPC);
	*r = (struct lb_ring){.memory = memory, .piece_bytes = piece_bytes};
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_cond_init(&r->moved, NULL);
	for (size_t i = 0; i < LB_RING_PIECES; i++)
		r->piece[i].data = memory + i * stride;
	return 0;
}

/* Signals are for the thread that knows what they mean. */
static bool start_thread(struct lb_ring_lane *l)
{
	pthread_attr_t attr;
	sigset_t all, before;
	bool started;

	if (pthread_attr_init(&attr) != 0)
		return false;
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&l->thread, &attr, lane_main, l) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	return started;
}

void lb_ring_add(struct lb_ring *r, lb_ring_lane_fn *run, void *ctx)
{
	struct lb_ring_lane *l = &r->lane[r->lanes++];

	*l = (struct lb_ring_lane){.ring = r, .run = run, .ctx = ctx};
	l->threaded = start_thread(l);
}

/* Under the lock. */
static bool is_free(const struct lb_ring *r)
{
	for (size_t i = 0; i < r->lanes; i++)
		if (r->put - r->lane[i].taken == LB_RING_PIECES)
			return false;
	return true;
}

struct lb_ring_piece *lb_ring_take(struct lb_ring *r)
{
	struct lb_ring_piece *p;

	(void)pthread_mutex_lock(&r->lock);
	while (!is_free(r) && r->error == 0)
		(void)pthread_cond_wait(&r->moved, &r->lock);
	p = r->error == 0 ? piece_at(r, r->put) : NULL;
	(void)pthread_mutex_unlock(&r->lock);
	return p;
}

void lb_ring_put(struct lb_ring *r, size_t n)
{
	struct lb_ring_piece *p = piece_at(r, r->put);
	bool skip;

	p->n = n;
	(void)pthread_mutex_lock(&r->lock);
	r->put++;
	skip = r->error < 0;
	(void)pthread_cond_broadcast(&r->moved);
	(void)pthread_mutex_unlock(&r->lock);
	for (size_t i = 0; i < r->lanes; i++)
		if (!r->lane[i].threaded)
			run_lane(&r->lane[i], p, skip);
}

static bool is_idle(const struct lb_ring *r)
{
	for (size_t i = 0; i < r->lanes; i++)
		if (r->lane[i].taken < r->put)
			return false;
	return true;
}

void lb_ring_wait(struct lb_ring *r)
{
	(void)pthread_mutex_lock(&r->lock);
	while (!is_idle(r))
		(void)pthread_cond_wait(&r->moved, &r->lock);
	(void)pthread_mutex_unlock(&r->lock);
}

static int stop(struct lb_ring *r)
{
	int rc;

	(void)pthread_mutex_lock(&r->lock);
	r->over = true;
	(void)pthread_cond_broadcast(&r->moved);
	(void)pthread_mutex_unlock(&r->lock);
	for (size_t i = 0; i < r->lanes; i++)
		if (r->lane[i].threaded)
			(void)pthread_join(r->lane[i].thread, NULL);
	rc = r->error;
	r->lanes = 0;
	r->put = 0;
	r->over = false;
	r->error = 0;
	return rc;
}

int lb_ring_finish(struct lb_ring *r)
{
	return stop(r);
}

void lb_ring_abort(struct lb_ring *r)
{
	(void)stop(r);
}

void lb_ring_closep(struct lb_ring *r)
{
	if (!r->memory)
		return;
	(void)stop(r);
	(void)pthread_cond_destroy(&r->moved);
	(void)pthread_mutex_destroy(&r->lock);
	free(r->memory);
	r->memory = NULL;
}
