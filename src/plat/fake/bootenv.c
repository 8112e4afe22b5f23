#include "plat/fake/bootenv.h"

#include <stdio.h>
#include <string.h>

static size_t index_of(const struct lb_fake_bootenv_copy *c, const char *name)
{
	size_t i = 0;

	while (i < c->count && strcmp(c->var[i].name, name) != 0)
		i++;
	return i;
}

static void put(struct lb_fake_bootenv_copy *c, const char *name, const char *value)
{
	const size_t i = index_of(c, name);

	if (!*value) {
		if (i < c->count)
			c->var[i] = c->var[--c->count];
		return;
	}
	if (i == LB_FAKE_BOOTENV_VARS_MAX)
		lb_fake_die("no room for the variable %s", name);
	if (i == c->count)
		c->count++;
	(void)snprintf(c->var[i].name, sizeof(c->var[i].name), "%s", name);
	(void)snprintf(c->var[i].value, sizeof(c->var[i].value), "%s", value);
}

static int fake_get(void *ctx, const char *name, char *out, size_t size)
{
	const struct lb_fake_bootenv *e = ctx;
	const size_t i = index_of(&e->seen, name);

	if (e->power->off)
		return LB_E(IO);
	if (i == e->seen.count)
		return LB_E(NOENT);
	if (strlen(e->seen.var[i].value) >= size)
		return LB_E(NOSPC);
	(void)strcpy(out, e->seen.var[i].value);
	return 0;
}

static int fake_set(void *ctx, const char *name, const char *value)
{
	struct lb_fake_bootenv *e = ctx;

	put(&e->seen, name, value);
	e->dirty = true;
	return 0;
}

/* The copy that is written is damaged until it is whole: then it is the newer one. */
static void bootenv_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_bootenv *e = ctx;
	uint64_t stage;

	if (e->load.at_stake && lb_fake_what_is_left(fate, &stage) == LB_FAKE_ALL_LEFT)
		e->stored = e->seen;
	e->seen = e->stored;
	e->dirty = false;
}

static int fake_commit(void *ctx)
{
	struct lb_fake_bootenv *e = ctx;

	if (!e->dirty)
		lb_fake_die("a commit of nothing: it wears the flash");
	e->commits++;
	e->dirty = false;
	e->load.at_stake = 0;
	switch (lb_fake_power_op(e->power)) {
	case LB_FAKE_OK:
		e->stored = e->seen;
		return 0;
	case LB_FAKE_CUT:
		e->load.at_stake = e->load.under_way = 2;
		lb_fake_power_go_off(e->power);
		return LB_E(IO);
	case LB_FAKE_FAIL:
	case LB_FAKE_DEAD:
		break;
	}
	return LB_E(IO);
}

void lb_fake_bootenv_init(struct lb_fake_bootenv *e, struct lb_fake_power *power)
{
	*e = (struct lb_fake_bootenv){.power = power, .load = {.ctx = e, .cut = bootenv_cut}};
	lb_fake_power_add(power, &e->load);
}

struct plat_bootenv lb_fake_bootenv_plat(struct lb_fake_bootenv *e)
{
	return (struct plat_bootenv){
		.ctx = e, .get = fake_get, .set = fake_set, .commit = fake_commit};
}

const char *lb_fake_bootenv_peek(const struct lb_fake_bootenv *e, const char *name)
{
	const size_t i = index_of(&e->stored, name);

	return i < e->stored.count ? e->stored.var[i].value : NULL;
}

void lb_fake_bootenv_poke(struct lb_fake_bootenv *e, const char *name, const char *value)
{
	put(&e->stored, name, value);
	e->seen = e->stored;
}
