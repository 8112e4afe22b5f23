#include "plat/fake/ubi_spare.h"

#include <string.h>

static struct lb_fake_ubi *other(struct lb_fake_ubi_spare *s)
{
	return s->volume[!s->state.named];
}

struct lb_fake_ubi *lb_fake_ubi_named(struct lb_fake_ubi_spare *s)
{
	return s->volume[s->state.named];
}

static void wipe(struct lb_fake_ubi *u)
{
	u->state = (struct lb_fake_ubi_state){.updating = false};
	memset(u->bytes, 0xFF, (size_t)u->block_count * u->block_bytes);
}

static void carry_out(struct lb_fake_ubi_spare *s)
{
	switch (s->doing) {
	case LB_FAKE_UBI_DROP:
		s->state.other = false;
		wipe(other(s));
		return;
	case LB_FAKE_UBI_MAKE:
		s->state.other = true;
		wipe(other(s));
		return;
	case LB_FAKE_UBI_EXCHANGE:
		s->state = (struct lb_fake_ubi_spare_state){.named = !s->state.named};
		wipe(other(s));
		return;
	}
}

static void spare_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_ubi_spare *s = ctx;
	uint64_t stage;

	if (s->load.at_stake > 0 && lb_fake_what_is_left(fate, &stage) == LB_FAKE_ALL_LEFT)
		carry_out(s);
}

static int operate(struct lb_fake_ubi_spare *s, enum lb_fake_ubi_deed deed)
{
	const enum lb_fake_outcome outcome = lb_fake_power_op(s->power);

	s->doing = deed;
	if (outcome == LB_FAKE_CUT) {
		s->load.at_stake = s->load.under_way = 1;
		lb_fake_power_go_off(s->power);
	}
	if (outcome != LB_FAKE_OK)
		return LB_E(IO);
	carry_out(s);
	return 0;
}

static int spare_fits(void *ctx)
{
	const struct lb_fake_ubi_spare *s = ctx;

	return s->power->off ? LB_E(IO) : !s->no_room;
}

static int spare_drop(void *ctx)
{
	struct lb_fake_ubi_spare *s = ctx;

	if (s->power->off)
		return LB_E(IO);
	if (!s->state.other)
		return 0;
	s->drops++;
	return operate(s, LB_FAKE_UBI_DROP);
}

static int spare_make(void *ctx, struct plat_ubi *out)
{
	struct lb_fake_ubi_spare *s = ctx;
	int rc;

	if (s->state.other)
		lb_fake_die("the second volume is there already");
	if (s->no_room)
		return LB_E(NOSPC);
	rc = operate(s, LB_FAKE_UBI_MAKE);
	if (rc == 0)
		*out = lb_fake_ubi_plat(other(s));
	return rc;
}

static int spare_exchange(void *ctx)
{
	struct lb_fake_ubi_spare *s = ctx;

	if (!s->state.other && !s->power->off)
		lb_fake_die("there is no second volume to exchange");
	if (lb_fake_ubi_named(s)->mounted)
		return LB_E(BUSY);
	return operate(s, LB_FAKE_UBI_EXCHANGE);
}

void lb_fake_ubi_spare_init(struct lb_fake_ubi_spare *s, struct lb_fake_power *power,
			    struct lb_fake_ubi *first, struct lb_fake_ubi *second)
{
	*s = (struct lb_fake_ubi_spare){.power = power, .volume = {first, second}};
	s->load = (struct lb_fake_load){.ctx = s, .cut = spare_cut};
	lb_fake_power_add(power, &s->load);
}

struct plat_ubi_spare lb_fake_ubi_spare_plat(struct lb_fake_ubi_spare *s)
{
	return (struct plat_ubi_spare){.ctx = s,
				       .fits = spare_fits,
				       .drop = spare_drop,
				       .make = spare_make,
				       .exchange = spare_exchange};
}
