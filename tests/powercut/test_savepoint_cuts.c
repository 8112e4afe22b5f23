/* A savepoint that waits, and a rollback that keeps nothing of the state before: nobody may go back
 * to it afterwards, and whoever is cut before the rollback counts still has it. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "plat/fake/snapshot.h"
#include "store/snapshots.h"

#define DATE "2026-11-21 09:17:00 +0000"

static struct lb_fake_power power;
static struct lb_fake_snapshots fake;
static struct lb_fake_top begin;
static struct lb_snapshot_set set;
static struct plat_snapshots p;
static struct lb_rollback_report report;
static bool runs;  /* the system runs on what is to be forgotten */
static bool known; /* its .info could be read, so that it was known to wait */
static int result;

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_snapshots_init(&fake, &power);
	(void)lb_fake_snapshots_poke(&fake, "@1", "old");
	lb_fake_snapshots_poke_file(&fake, "1.info", "TYPE=\"single\"\nCREATED=\"" DATE "\"\n");
	(void)lb_fake_snapshots_poke(&fake, "@2", "safe");
	lb_fake_snapshots_poke_file(&fake, "2.info",
				    "TYPE=\"save\"\nCREATED=\"" DATE "\"\nWAIT=10\n");
	(void)lb_fake_snapshots_poke(&fake, "@", "tried");
	begin = fake.stored;
	p = lb_fake_snapshots_plat(&fake);
	runs = false;
	return 0;
}

static void put_world_back(void *ctx)
{
	fake.stored = begin;
	lb_fake_snapshots_reboot(&fake);
	fake.running = runs ? lb_fake_top_find(&begin, "@")->id : 0;
}

static void roll_back(void *ctx)
{
	const struct lb_rollback_ask ask = {
		.target = 1, .created = DATE, .forget = LB_FORGET_STATE};

	memset(&report, 0, sizeof(report));
	result = lb_snapshots_resume(&p, &set);
	known = lb_snapshot_waiting(&set) != NULL;
	if (result >= 0)
		result = lb_snapshots_rollback(&p, &set, &ask, &report);
}

static void reboot_and_resume(void)
{
	fake.running = 0;
	lb_fake_snapshots_reboot(&fake);
	result = lb_snapshots_resume(&p, &set);
	(void)p.sync(p.ctx);
}

static bool holds(const char *name, const char *content)
{
	const struct lb_fake_subvolume *s = lb_fake_top_find(&fake.stored, name);

	return s && strcmp(s->content, content) == 0;
}

static bool is_waited_for(const struct lb_fake_top *t)
{
	return strstr(lb_fake_top_file(t, "2.info")->text, "WAIT=") != NULL;
}

static const char *check(void *ctx)
{
	reboot_and_resume();
	if (result < 0)
		return "what was cut cannot be finished";
	if (!holds("@2", "safe"))
		return "the savepoint is gone";
	if (holds("@", "tried"))
		return is_waited_for(&fake.stored) ? NULL
						   : "no rollback, and nobody waits any more";
	if (!holds("@", "old"))
		return "there is no whole \"@\"";
	if (lb_fake_top_find(&fake.stored, "@3") ||
	    lb_fake_top_find(&fake.stored, LB_SNAPSHOT_NEXT))
		return "the state before is kept";
	return known && is_waited_for(&fake.stored) ? "the router goes back to what was left"
						    : NULL;
}

static void forget__with_a_savepoint__nobody_goes_back_to_it(void **state)
{
	for (int i = 0; i < 2; i++) {
		runs = i;
		put_world_back(NULL);
		roll_back(NULL);
		assert_int_equal(result, 0);
		assert_true(report.changed && report.saved == 0 && report.later == runs);
		/* Whoever waits looks now, and not after the next boot. */
		assert_false(is_waited_for(&fake.seen));
		assert_null(lb_snapshot_waiting(&set));
		assert_null(check(NULL));
	}
}

static void forget__with_a_savepoint_cut_at_every_operation__waits_or_went(void **state)
{
	static const struct lb_fake_scenario s = {
		.setup = put_world_back, .run = roll_back, .check = check};

	for (int i = 0; i < 4; i++) {
		fake.writes_last = i % 2;
		runs = i / 2;
		uint64_t cuts = lb_fake_power_cuts(&power, &s),
			 fails = lb_fake_power_fails(&power, &s);

		print_message("power cuts: %" PRIu64 ", operations that failed: %" PRIu64 "\n",
			      cuts, fails);
		assert_true(cuts > 30 && fails > 10);
	}
}

/* Room comes when the state before has gone, or never. */
static bool never;
static int (*write_really)(void *ctx, const char *file, const void *buf, size_t n);

static int write_full(void *ctx, const char *file, const void *buf, size_t n)
{
	if (strcmp(file, "2.info") == 0 &&
	    (never || lb_fake_top_find(&fake.seen, LB_SNAPSHOT_NEXT)))
		return LB_E(NOSPC);
	return write_really(ctx, file, buf, n);
}

static void forget__disk_is_full__state_before_goes_all_the_same(void **state)
{
	write_really = p.write;
	p.write = write_full;
	for (int i = 0; i < 4; i++) {
		never = i % 2;
		runs = i / 2;
		put_world_back(NULL);
		roll_back(NULL);
		assert_int_equal(result, 0);
		reboot_and_resume();
		assert_true(result >= 0);
		assert_true(holds("@", "old"));
		assert_null(lb_fake_top_find(&fake.stored, LB_SNAPSHOT_NEXT));
		assert_true(is_waited_for(&fake.stored) == never);
	}
}

#define fresh(f) cmocka_unit_test_setup(f, start)

TESTS(fresh(forget__with_a_savepoint__nobody_goes_back_to_it),
      fresh(forget__with_a_savepoint_cut_at_every_operation__waits_or_went),
      fresh(forget__disk_is_full__state_before_goes_all_the_same))
