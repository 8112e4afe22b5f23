/* Rollbacks and imports where somebody, or something, is in the way. */
#include "tests/t.h"

#include "plat/fake/snapshot.h"
#include "store/snapshots.h"

#define DATE "2026-11-21 09:17:00 +0000"

static struct lb_fake_power power;
static struct lb_fake_snapshots fake;
static struct lb_snapshot_set set;
static struct plat_snapshots p;
static struct lb_rollback_report report;
static int result;

static int start(void **state)
{
	static const char *const names[] = {"@factory", "@1", "@", "@2"};

	power = (struct lb_fake_power){0};
	lb_fake_snapshots_init(&fake, &power);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)strcpy(lb_fake_snapshots_poke(&fake, names[i], names[i])->nested[0],
			     strcmp(names[i], "@") == 0 ? "srv/lxc" : "");
	lb_fake_snapshots_reboot(&fake);
	p = lb_fake_snapshots_plat(&fake);
	return 0;
}

static void roll_back(void)
{
	const struct lb_rollback_ask ask = {.target = 1, .created = DATE};

	result = lb_snapshots_resume(&p, &set);
	if (result >= 0)
		result = lb_snapshots_rollback(&p, &set, &ask, &report);
}

static void resume_after_reboot(void)
{
	lb_fake_snapshots_reboot(&fake);
	result = lb_snapshots_resume(&p, &set);
}

static bool holds(const char *name, const char *content)
{
	const struct lb_fake_subvolume *s = lb_fake_top_find(&fake.seen, name);

	return s && strcmp(s->content, content) == 0;
}

static int cannot_drop(void *ctx, const char *name, bool all)
{
	return LB_E(AUTH);
}

static void import__old_factory_state_cannot_be_deleted__counts_and_it_goes_later(void **state)
{
	struct plat_snapshots stuck;
	uint32_t number = 0;

	stuck = p;
	stuck.drop = cannot_drop;
	assert_true(lb_snapshots_resume(&p, &set) >= 0);
	assert_int_equal(
		lb_snapshots_import(&stuck, &set, NULL, lb_fake_snapshots_fill, &fake, &number), 0);
	assert_true(holds("@factory", LB_FAKE_FILLED) && holds(LB_SNAPSHOT_FILL, "@factory"));
	resume_after_reboot();
	assert_true(result >= 0 && holds("@factory", LB_FAKE_FILLED));
	assert_null(lb_fake_top_find(&fake.seen, LB_SNAPSHOT_FILL));
}

/* A directory that somebody has made, where the next snapshot would be. */
static void rollback__next_name_is_taken__takes_the_one_after(void **state)
{
	lb_fake_snapshots_poke(&fake, "@3", "by hand")->id = 0;
	lb_fake_snapshots_reboot(&fake);
	roll_back();
	assert_int_equal(result, 0);
	assert_int_equal(report.saved, 4);
	resume_after_reboot();
	assert_true(result >= 0 && holds("@", "@1") && holds("@3", "by hand") && holds("@4", "@"));
}

static void rollback__no_number_is_left__is_refused_before_anything_changes(void **state)
{
	(void)lb_fake_snapshots_poke(&fake, "@999999999", "last");
	roll_back();
	assert_int_equal(result, LB_E(RANGE));
	assert_true(!report.changed && holds("@", "@"));
}

static int cannot_move(void *ctx, const char *from, const char *to, const char *path)
{
	return LB_E(AUTH);
}

static void rollback__subvolume_inside_may_not_move__stays_in_the_state_before(void **state)
{
	p.move = cannot_move;
	roll_back();
	assert_int_equal(result, 0);
	assert_int_equal(report.left, 1);
	assert_true(holds("@", "@1") &&
		    strcmp(lb_fake_top_find(&fake.seen, "@3")->nested[0], "srv/lxc") == 0);
}

#define fresh(f) cmocka_unit_test_setup(f, start)

TESTS(fresh(import__old_factory_state_cannot_be_deleted__counts_and_it_goes_later),
      fresh(rollback__next_name_is_taken__takes_the_one_after),
      fresh(rollback__no_number_is_left__is_refused_before_anything_changes),
      fresh(rollback__subvolume_inside_may_not_move__stays_in_the_state_before))
