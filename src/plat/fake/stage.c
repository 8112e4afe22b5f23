#include "plat/fake/stage.h"

/* What is left when the call under way is cut in its middle. */
static struct lb_fake_place half_done(const struct lb_fake_stage *f)
{
	struct lb_fake_place p = f->now;

	if (f->whole.area == LB_FAKE_AREA_MARKED)
		return p.area == LB_FAKE_AREA_OLD ? p : f->whole; /* a sector is whole or not */
	if (f->whole.area != p.area)
		p.area = LB_FAKE_AREA_TORN;
	p.half = p.half || f->whole.half || f->whole.whole;
	p.named = f->whole.named; /* the name may come before the state, never before the content */
	return p;
}

static void stage_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_stage *f = ctx;
	uint64_t stage;

	f->mounted = false;
	if (f->load.at_stake == 0)
		return;
	switch (lb_fake_what_is_left(fate, &stage)) {
	case LB_FAKE_ALL_LEFT:
		f->now = f->whole;
		return;
	case LB_FAKE_HALF_LEFT:
		f->now = half_done(f);
		return;
	case LB_FAKE_NONE_LEFT:
		return;
	}
}

static int change(struct lb_fake_stage *f, struct lb_fake_place whole)
{
	enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	f->whole = whole;
	if (outcome == LB_FAKE_OK)
		f->now = whole;
	else if (outcome == LB_FAKE_FAIL)
		f->now = half_done(f);
	else if (outcome == LB_FAKE_CUT) {
		f->load.at_stake = f->load.under_way = 2;
		lb_fake_power_go_off(f->power);
	}
	return outcome == LB_FAKE_OK ? 0 : LB_E(IO);
}

static void must(const struct lb_fake_stage *f, bool is_so, const char *what)
{
	if (!is_so && !f->power->off)
		lb_fake_die("%s", what);
}

static int fake_clear(void *ctx)
{
	struct lb_fake_stage *f = ctx;

	must(f, !f->mounted, "what is mounted is cleared");
	return change(f, (struct lb_fake_place){.area = LB_FAKE_AREA_MARKED});
}

static int fake_format(void *ctx)
{
	struct lb_fake_stage *f = ctx;

	must(f, !f->mounted, "a file system is made on what is mounted");
	must(f, f->now.area != LB_FAKE_AREA_OLD,
	     "an old overlay is formatted before it is cleared");
	return change(f, (struct lb_fake_place){.area = LB_FAKE_AREA_NEW});
}

static int fake_mount(void *ctx)
{
	struct lb_fake_stage *f = ctx;
	int rc;

	must(f, f->now.area == LB_FAKE_AREA_NEW, "what nobody formatted is mounted");
	rc = change(f, f->now);
	f->mounted = rc == 0;
	return rc;
}

static int fake_put(void *ctx)
{
	struct lb_fake_stage *f = ctx;
	struct lb_fake_place whole = f->now;

	must(f, f->mounted, "settings are written where nothing is mounted");
	whole.half = false;
	whole.whole = true;
	return change(f, whole);
}

static int fake_commit(void *ctx)
{
	struct lb_fake_stage *f = ctx;
	struct lb_fake_place whole = f->now;

	must(f, f->now.whole, "an archive gets its name before it is whole");
	whole.named = whole.pending = true;
	return change(f, whole);
}

static int fake_unmount(void *ctx)
{
	struct lb_fake_stage *f = ctx;
	int rc = change(f, f->now);

	if (rc == 0)
		f->mounted = false;
	return rc;
}

static int fake_compare(void *ctx)
{
	struct lb_fake_stage *f = ctx;
	int rc;

	must(f, !f->mounted, "what is read back comes from a cache");
	rc = change(f, f->now);
	return rc == 0 && f->bad_copy ? LB_E(CRC) : rc;
}

void lb_fake_stage_init(struct lb_fake_stage *f, struct lb_fake_power *power)
{
	*f = (struct lb_fake_stage){.power = power, .now = {.area = LB_FAKE_AREA_OLD}};
	f->load = (struct lb_fake_load){.ctx = f, .cut = stage_cut};
	lb_fake_power_add(power, &f->load);
}

struct plat_stage lb_fake_stage_plat(struct lb_fake_stage *f)
{
	return (struct plat_stage){.ctx = f,
				   .clear = fake_clear,
				   .format = fake_format,
				   .mount = fake_mount,
				   .put = fake_put,
				   .commit = fake_commit,
				   .unmount = fake_unmount,
				   .compare = fake_compare};
}
