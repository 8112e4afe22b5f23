#include "plat/fake/block.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR LB_FAKE_SECTOR_BYTES

/* One sector that was written and not flushed; a later one of the same sector stands behind it. */
struct lb_fake_pending {
	uint64_t off_bytes;
	bool doomed; /* a flush failed over it */
	uint8_t data[SECTOR];
};

static void check_bounds(const struct lb_fake_block *b, const char *what, uint64_t off, size_t n)
{
	if (off > b->size_bytes || n > b->size_bytes - off)
		lb_fake_die("%s of %zu bytes at %" PRIu64 " ends beyond a device of %" PRIu64
			    " bytes",
			    what, n, off, b->size_bytes);
}

static void *grown(void *p, size_t bytes)
{
	p = realloc(p, bytes);
	if (!p)
		lb_fake_die("no memory for the fake device");
	return p;
}

static void forget_pending(struct lb_fake_block *b)
{
	b->pending_count = 0;
	memcpy(b->seen, b->stored, b->size_bytes);
}

static void stage_sector(struct lb_fake_block *b, uint64_t off_bytes)
{
	struct lb_fake_pending *s;

	if (b->pending_count == b->pending_room) {
		b->pending_room = b->pending_room ? 2 * b->pending_room : 64;
		b->pending = grown(b->pending, b->pending_room * sizeof(*b->pending));
	}
	s = &b->pending[b->pending_count++];
	s->off_bytes = off_bytes;
	s->doomed = false;
	memcpy(s->data, b->seen + off_bytes, SECTOR);
}

/* Returns the number of sectors touched. */
static uint64_t stage(struct lb_fake_block *b, uint64_t off, const void *buf, size_t n)
{
	const size_t before = b->pending_count;

	memcpy(b->seen + off, buf, n);
	for (uint64_t at = off - off % SECTOR; at < off + n; at += SECTOR)
		stage_sector(b, at);
	return b->pending_count - before;
}

static int go_off(struct lb_fake_block *b, uint64_t under_way)
{
	b->load.under_way = under_way;
	lb_fake_power_go_off(b->power);
	return LB_E(IO);
}

static int fake_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	struct lb_fake_block *b = ctx;
	enum lb_fake_outcome outcome = lb_fake_power_op(b->power);

	check_bounds(b, "read", off_bytes, n);
	if (outcome == LB_FAKE_OK) {
		memcpy(buf, b->seen + off_bytes, n);
		return 0;
	}
	memset(buf, 0xEE, n); /* nobody may use what a failed read left behind */
	return outcome == LB_FAKE_CUT ? go_off(b, 0) : LB_E(IO);
}

static int fake_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	struct lb_fake_block *b = ctx;
	enum lb_fake_outcome outcome = lb_fake_power_op(b->power);

	check_bounds(b, "write", off_bytes, n);
	switch (outcome) {
	case LB_FAKE_OK:
		b->load.at_stake += stage(b, off_bytes, buf, n);
		return 0;
	case LB_FAKE_FAIL:
		b->load.at_stake += stage(b, off_bytes, buf, n / 2);
		return LB_E(IO);
	case LB_FAKE_CUT: {
		uint64_t under_way = stage(b, off_bytes, buf, n);

		b->load.at_stake += under_way;
		return go_off(b, under_way);
	}
	case LB_FAKE_DEAD:
	default:
		return LB_E(IO);
	}
}

/* A flush that failed left entry i behind; once a newer version of its sector is stored, it can
 * never follow. */
static bool is_superseded(const struct lb_fake_block *b, size_t i)
{
	for (size_t k = i + 1; k < b->pending_count; k++)
		if (!b->pending[k].doomed && b->pending[k].off_bytes == b->pending[i].off_bytes)
			return true;
	return false;
}

static void store_pending(struct lb_fake_block *b)
{
	size_t left = 0;

	for (size_t i = 0; i < b->pending_count; i++) {
		const struct lb_fake_pending *s = &b->pending[i];

		if (!s->doomed)
			memcpy(b->stored + s->off_bytes, s->data, SECTOR);
		else if (!is_superseded(b, i))
			b->pending[left++] = *s;
	}
	b->pending_count = left;
	b->load.at_stake = left;
}

static int fake_flush(void *ctx)
{
	struct lb_fake_block *b = ctx;

	switch (lb_fake_power_op(b->power)) {
	case LB_FAKE_OK:
		store_pending(b);
		b->flushes++;
		return 0;
	case LB_FAKE_FAIL:
		for (size_t i = 0; i < b->pending_count; i++)
			b->pending[i].doomed = true;
		return LB_E(IO);
	case LB_FAKE_CUT:
		return go_off(b, 0);
	case LB_FAKE_DEAD:
	default:
		return LB_E(IO);
	}
}

static bool reaches_medium(const struct lb_fake_fate *fate, size_t i, size_t first_under_way,
			   uint64_t *random)
{
	switch (fate->policy) {
	case LB_FAKE_KEPT:
		return true;
	case LB_FAKE_LOST:
		return false;
	case LB_FAKE_TORN_HEAD:
		return i < first_under_way || i - first_under_way < fate->arg;
	case LB_FAKE_TORN_TAIL:
		return i >= first_under_way && i - first_under_way >= fate->arg;
	case LB_FAKE_REORDERED:
	case LB_FAKE_SCRAMBLED:
	default:
		return lb_fake_random(random) & 1;
	}
}

static void block_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_block *b = ctx;
	const size_t first_under_way = b->pending_count - (size_t)b->load.under_way;
	uint64_t random = fate->arg;
	const struct lb_fake_pending *last = NULL;

	for (size_t i = 0; i < b->pending_count; i++) {
		const struct lb_fake_pending *s = &b->pending[i];

		if (!reaches_medium(fate, i, first_under_way, &random))
			continue;
		memcpy(b->stored + s->off_bytes, s->data, SECTOR);
		last = s;
	}
	for (size_t i = 0; last && fate->policy == LB_FAKE_SCRAMBLED && i < SECTOR; i++)
		b->stored[last->off_bytes + i] = (uint8_t)lb_fake_random(&random);
	forget_pending(b);
}

void lb_fake_block_init(struct lb_fake_block *b, struct lb_fake_power *power, uint64_t size_bytes)
{
	if (size_bytes % SECTOR != 0)
		lb_fake_die("%" PRIu64 " bytes are not a whole number of sectors", size_bytes);
	*b = (struct lb_fake_block){.power = power, .size_bytes = size_bytes};
	b->seen = grown(NULL, size_bytes);
	b->stored = grown(NULL, size_bytes);
	memset(b->stored, 0, size_bytes);
	forget_pending(b);
	b->load = (struct lb_fake_load){.ctx = b, .cut = block_cut};
	lb_fake_power_add(power, &b->load);
}

void lb_fake_block_release(struct lb_fake_block *b)
{
	free(b->seen);
	free(b->stored);
	free(b->pending);
}

struct plat_block lb_fake_block_plat(struct lb_fake_block *b)
{
	return (struct plat_block){
		.ctx = b,
		.size_bytes = b->size_bytes,
		.read = fake_read,
		.write = fake_write,
		.flush = fake_flush,
	};
}

void lb_fake_block_poke(struct lb_fake_block *b, uint64_t off_bytes, const void *data, size_t n)
{
	check_bounds(b, "poke", off_bytes, n);
	memcpy(b->stored + off_bytes, data, n);
	b->load.at_stake = 0;
	forget_pending(b);
}

void lb_fake_block_peek(struct lb_fake_block *b, uint64_t off_bytes, void *out, size_t n)
{
	check_bounds(b, "peek", off_bytes, n);
	memcpy(out, b->stored + off_bytes, n);
}
