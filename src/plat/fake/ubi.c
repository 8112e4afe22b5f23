#include "plat/fake/ubi.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STAGES 4 /* of emptying: the marker, half of the blocks, the rest, the marker goes */

static uint8_t *at(const struct lb_fake_ubi *u, uint32_t block)
{
	return u->bytes + (uint64_t)block * u->block_bytes;
}

static void unmap(struct lb_fake_ubi *u, uint32_t block)
{
	u->state.mapped[block] = false;
	memset(at(u, block), 0xFF, u->block_bytes);
}

static void empty_until(struct lb_fake_ubi *u, uint64_t stage)
{
	u->state.updating = stage > 0 && stage < STAGES;
	for (uint32_t b = 0; b < u->block_count; b++)
		if (stage >= 3 || (stage == 2 && b % 2 == 0))
			unmap(u, b);
}

static void store(struct lb_fake_ubi *u)
{
	memcpy(at(u, u->changing), u->after, u->block_bytes);
	u->state.mapped[u->changing] = true;
}

static uint64_t stage_of(const struct lb_fake_fate *fate)
{
	uint64_t random = fate->arg;

	switch (fate->policy) {
	case LB_FAKE_KEPT:
		return STAGES;
	case LB_FAKE_LOST:
		return 0;
	case LB_FAKE_TORN_HEAD:
	case LB_FAKE_TORN_TAIL:
		return fate->arg % STAGES;
	case LB_FAKE_REORDERED:
	case LB_FAKE_SCRAMBLED:
		break;
	}
	return lb_fake_random(&random) % (STAGES + 1);
}

static void ubi_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_ubi *u = ctx;

	if (u->load.at_stake == 0)
		return;
	if (u->emptying)
		empty_until(u, stage_of(fate));
	else if (stage_of(fate) == STAGES)
		store(u);
}

static int go_off(struct lb_fake_ubi *u, uint64_t at_stake)
{
	u->load.at_stake = u->load.under_way = at_stake;
	lb_fake_power_go_off(u->power);
	return LB_E(IO);
}

static int fake_is_mapped(void *ctx, uint32_t block)
{
	struct lb_fake_ubi *u = ctx;

	if (block >= u->block_count)
		lb_fake_die("the volume has no block %" PRIu32, block);
	return u->power->off ? LB_E(IO) : u->state.mapped[block];
}

static int fake_is_updating(void *ctx)
{
	struct lb_fake_ubi *u = ctx;

	return u->power->off ? LB_E(IO) : u->state.updating;
}

static int fake_empty(void *ctx)
{
	struct lb_fake_ubi *u = ctx;
	enum lb_fake_outcome outcome;

	if (u->mounted)
		return LB_E(BUSY);
	outcome = lb_fake_power_op(u->power);
	u->emptying = true;
	if (outcome == LB_FAKE_CUT)
		return go_off(u, STAGES);
	if (outcome != LB_FAKE_OK)
		return LB_E(IO);
	empty_until(u, STAGES);
	u->state.mapped[0] = u->keeps;
	return 0;
}

static int fake_read(void *ctx, uint32_t block, uint32_t off_bytes, void *buf, size_t n)
{
	struct lb_fake_ubi *u = ctx;

	if (block >= u->block_count || off_bytes > u->block_bytes || n > u->block_bytes - off_bytes)
		lb_fake_die("read of %zu bytes at byte %" PRIu32 " of block %" PRIu32
			    " ends outside of it",
			    n, off_bytes, block);
	if (u->power->off || u->state.updating) {
		memset(buf, 0xEE, n);
		return LB_E(IO);
	}
	memcpy(buf, at(u, block) + off_bytes, n);
	return 0;
}

static int fake_change(void *ctx, uint32_t block, const void *buf, size_t n)
{
	struct lb_fake_ubi *u = ctx;
	enum lb_fake_outcome outcome;

	if (block >= u->block_count || n > u->block_bytes)
		lb_fake_die("%zu bytes do not fit into block %" PRIu32, n, block);
	outcome = lb_fake_power_op(u->power);
	u->emptying = false;
	u->changing = block;
	memset(u->after, 0xFF, u->block_bytes);
	memcpy(u->after, buf, n);
	if (outcome == LB_FAKE_CUT)
		return go_off(u, STAGES);
	if (outcome != LB_FAKE_OK)
		return LB_E(IO);
	store(u);
	u->changes[block]++;
	return 0;
}

void lb_fake_ubi_use(struct lb_fake_ubi *u, struct lb_fake_power *power, uint32_t block_count,
		     uint32_t block_bytes, uint8_t *bytes, uint8_t *after)
{
	if (block_count > LB_FAKE_UBI_BLOCKS_MAX)
		lb_fake_die("%" PRIu32 " blocks are too many for the fake volume", block_count);
	*u = (struct lb_fake_ubi){.power = power,
				  .block_count = block_count,
				  .block_bytes = block_bytes,
				  .bytes = bytes,
				  .after = after};
	u->load = (struct lb_fake_load){.ctx = u, .cut = ubi_cut};
	lb_fake_power_add(power, &u->load);
}

void lb_fake_ubi_init(struct lb_fake_ubi *u, struct lb_fake_power *power, uint32_t block_count,
		      uint32_t block_bytes)
{
	const size_t n = (size_t)block_count * block_bytes;
	uint8_t *bytes = malloc(n), *after = malloc(block_bytes);

	if (!bytes || !after)
		lb_fake_die("no memory for the fake volume");
	memset(bytes, 0xFF, n);
	lb_fake_ubi_use(u, power, block_count, block_bytes, bytes, after);
}

void lb_fake_ubi_release(struct lb_fake_ubi *u)
{
	free(u->bytes);
	free(u->after);
}

struct plat_ubi lb_fake_ubi_plat(struct lb_fake_ubi *u)
{
	return (struct plat_ubi){
		.ctx = u,
		.block_count = u->block_count,
		.block_bytes = u->block_bytes,
		.is_mapped = fake_is_mapped,
		.is_updating = fake_is_updating,
		.empty = fake_empty,
		.read = fake_read,
		.change = fake_change,
	};
}

void lb_fake_ubi_poke(struct lb_fake_ubi *u, uint32_t block, const void *data, size_t n)
{
	memcpy(at(u, block), data, n);
	u->state.mapped[block] = true;
}
