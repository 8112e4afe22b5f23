/* The power cut, or an error, at each operation of a rollback, an import and a deletion, and again
 * at each operation of the run that finishes it. There is a whole "@" at every moment, of the state
 * before or of the one that was asked for; nothing is lost that is not in there. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "plat/fake/snapshot.h"
#include "store/snapshots.h"

#define DATE "2026-11-21 09:17:00 +0000"

static struct lb_fake_power power;
static struct lb_fake_snapshots fake;
static struct lb_fake_top begin, first;
static struct lb_snapshot_set set;
static struct plat_snapshots p;

/* What is played. */
static struct {
	uint32_t target;
	enum lb_forget forget;
	bool hooks;
	const char *runs_on; /* NULL: none of them */
} ask;
static struct lb_rollback_report report;
static int result;

static void put(const char *name, const char *content, const char *info)
{
	char file[32], text[160];

	(void)lb_fake_snapshots_poke(&fake, name, content);
	if (!info)
		return;
	(void)snprintf(file, sizeof(file), "%s.info", name + 1);
	(void)snprintf(text, sizeof(text), "%sCREATED=\"" DATE "\"\n", info);
	lb_fake_snapshots_poke_file(&fake, file, text);
}

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_snapshots_init(&fake, &power);
	put("@factory", "of the factory", NULL);
	put("@1", "old", "TYPE=\"single\"\nDESCRIPTION=\"one\"\n");
	put("@", "now", NULL);
	put("@2", "older", "TYPE=\"pre\"\nDESCRIPTION=\"two\"\n");
	for (size_t i = 0; i < LB_FAKE_SUBVOLUMES; i++)
		if (strcmp(fake.stored.subvolumes[i].name, "@") == 0) {
			(void)strcpy(fake.stored.subvolumes[i].nested[0], "srv/lxc");
			(void)strcpy(fake.stored.subvolumes[i].nested[1], "srv/gone/lxc");
		}
	lb_fake_snapshots_reboot(&fake);
	begin = first = fake.stored;
	p = lb_fake_snapshots_plat(&fake);
	memset(&ask, 0, sizeof(ask));
	ask.target = 1;
	return 0;
}

static void put_world_back(void *ctx)
{
	fake.stored = begin;
	lb_fake_snapshots_reboot(&fake);
	fake.running = ask.runs_on ? lb_fake_top_find(&first, ask.runs_on)->id : 0;
}

/* A program of rollback.d may make what it likes in the new root. */
static int hook(void *ctx, const char *name)
{
	int rc = p.write(p.ctx, "hook", "ran", 3);

	return rc < 0 ? rc : lb_fake_snapshots_nest(&fake, name, "opt/made");
}

static void roll_back(void *ctx)
{
	struct lb_rollback_ask a = {.target = ask.target,
				    .created = DATE,
				    .forget = ask.forget,
				    .prepare = ask.hooks ? hook : NULL};

	memset(&report, 0, sizeof(report));
	result = lb_snapshots_resume(&p, &set);
	if (result >= 0)
		result = lb_snapshots_rollback(&p, &set, &a, &report);
}

static void resume(void *ctx)
{
	result = lb_snapshots_resume(&p, &set);
}

/* The next boot: nothing runs on what was "@" before. */
static void reboot_and_resume(void)
{
	fake.running = 0;
	lb_fake_snapshots_reboot(&fake);
	resume(NULL);
	(void)p.sync(p.ctx);
}

static bool holds(const char *name, const char *content)
{
	const struct lb_fake_subvolume *s = lb_fake_top_find(&fake.stored, name);

	return s && strcmp(s->content, content) == 0;
}

static bool has_nested(const char *name, const char *path)
{
	const struct lb_fake_subvolume *s = lb_fake_top_find(&fake.stored, name);

	for (size_t i = 0; s && i < LB_FAKE_NESTED; i++)
		if (strcmp(s->nested[i], path) == 0)
			return true;
	return false;
}

static const char *target_content(void)
{
	return ask.target == LB_SNAPSHOT_FACTORY ? "of the factory" : "old";
}

/* Three numbers that may be there, and nothing with a name of ours. */
static const char *check_names(bool went)
{
	for (size_t i = 0; i < LB_FAKE_SUBVOLUMES; i++) {
		const char *name = fake.stored.subvolumes[i].name;
		const char *file = fake.stored.files[i].name;
		uint32_t number;

		if (strstr(name, "lifeboat") || strstr(file, "lifeboat"))
			return "something under way is left";
		if (strcmp(name, "@3") == 0 && !went)
			return "a snapshot is left that nobody made";
		if (lb_snapshot_parse_info_name(&number, file) == 0) {
			char of[LB_SNAPSHOT_NAME_MAX];

			lb_snapshot_name(number, of);
			if (!lb_fake_top_find(&fake.stored, of))
				return "an .info is left without its snapshot";
		}
	}
	return NULL;
}

static const char *check_saved(void)
{
	struct lb_snapshot_info info;

	if (ask.forget == LB_FORGET_ALL)
		return lb_fake_top_find(&fake.stored, "@1") || lb_fake_top_find(&fake.stored, "@3")
			       ? "not all is forgotten"
			       : NULL;
	if (!has_nested("@", "srv/lxc"))
		return "a subvolume inside did not move along";
	if (has_nested("@", "opt/made") != ask.hooks)
		return "what a hook has made did not come along";
	if (!holds("@3", "now") || !has_nested("@3", "srv/gone/lxc"))
		return "the state before is not kept";
	if (lb_snapshots_info(&p, 3, &info) < 0 || info.type != LB_SNAPSHOT_ROLLBACK ||
	    info.roll_to != ask.target || strcmp(info.created, DATE) != 0 || info.forget)
		return "the state before has no true .info";
	return NULL;
}

static const char *check_whole(void)
{
	bool went = holds("@", target_content());
	const char *wrong = check_names(went);

	if (wrong)
		return wrong;
	if (!went && !holds("@", "now"))
		return "\"@\" is neither the state before nor the new one";
	if (!holds("@factory", "of the factory"))
		return "the factory state is gone";
	if (!went)
		return has_nested("@", "srv/lxc") && has_nested("@", "srv/gone/lxc") &&
				       holds("@1", "old") && holds("@2", "older")
			       ? NULL
			       : "something is lost without a rollback";
	if (ask.forget != LB_FORGET_ALL && (!holds("@1", "old") || !holds("@2", "older")))
		return "a snapshot is lost";
	return check_saved();
}

/* At every moment: there is a root to boot. */
static const char *check_root(void)
{
	return holds("@", "now") || holds("@", target_content())
		       ? NULL
		       : "the machine would not boot: there is no whole \"@\"";
}

static const char *check_after_cut(void *ctx)
{
	const char *wrong = check_root();

	if (wrong)
		return wrong;
	reboot_and_resume();
	if (result < 0)
		return "what was cut cannot be finished";
	return check_whole();
}

static const char *check_after_failure(void *ctx)
{
	const char *wrong = check_root();

	if (wrong)
		return wrong;
	if (result >= 0 && !holds("@", target_content()))
		return "told as done, and it is not";
	if (result < 0 && report.changed != (lb_fake_top_find(&fake.seen, "@")->id !=
					     lb_fake_top_find(&first, "@")->id))
		return "told wrongly whether the root was exchanged";
	(void)p.sync(p.ctx);
	return check_after_cut(NULL);
}

static const struct lb_fake_scenario rollback = {
	.setup = put_world_back, .run = roll_back, .check = check_after_cut};
static const struct lb_fake_scenario failures = {
	.setup = put_world_back, .run = roll_back, .check = check_after_failure};
static const struct lb_fake_scenario resumption = {
	.setup = put_world_back, .run = resume, .check = check_after_cut};

static void put_first_world_back(void *ctx)
{
	begin = first;
	put_world_back(NULL);
}

static void keep_what_is_left(void *ctx)
{
	begin = fake.stored;
}

static uint64_t cut_twice(void)
{
	static const struct lb_fake_scenario whole = {.setup = put_first_world_back,
						      .run = roll_back};
	uint64_t cuts = lb_fake_power_cuts_again(
		&power, &(struct lb_fake_again){&whole, keep_what_is_left, &resumption});

	begin = first;
	return cuts;
}

static void every_kind_of(void (*play)(const char *what))
{
	static const struct {
		uint32_t target;
		enum lb_forget forget;
		bool hooks;
		const char *runs_on, *what;
	} kinds[] = {
		{1, LB_FORGET_NOTHING, false, NULL, "to a snapshot"},
		{1, LB_FORGET_NOTHING, true, "@", "to a snapshot, with hooks, under the system"},
		{LB_SNAPSHOT_FACTORY, LB_FORGET_NOTHING, false, "@", "to the factory state"},
		{LB_SNAPSHOT_FACTORY, LB_FORGET_ALL, false, NULL, "forgetting all"},
		{LB_SNAPSHOT_FACTORY, LB_FORGET_ALL, true, "@", "forgetting all, under the system"},
		{LB_SNAPSHOT_FACTORY, LB_FORGET_ALL, false, "@2",
		 "forgetting what the system runs on"},
		/* What is nowhere else is kept after all. */
		{1, LB_FORGET_STATE, false, NULL, "forgetting the state before"},
		{1, LB_FORGET_STATE, false, "@", "forgetting the state before, under the system"},
	};

	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		const size_t kind = i / 2;

		fake.writes_last = i % 2;
		ask.target = kinds[kind].target;
		ask.forget = kinds[kind].forget;
		ask.hooks = kinds[kind].hooks;
		ask.runs_on = kinds[kind].runs_on;
		play(kinds[kind].what);
	}
}

static const char *of_writes(void)
{
	return fake.writes_last ? "files at once" : "files in their turn";
}

static void play_cuts(const char *what)
{
	uint64_t once = lb_fake_power_cuts(&power, &rollback), twice = cut_twice();

	print_message("power cuts of a rollback %s, %s: %" PRIu64
		      ", and in the run after it: %" PRIu64 "\n",
		      what, of_writes(), once, twice);
	assert_true(once > 30 && twice > 300);
}

static void play_failures(const char *what)
{
	uint64_t fails = lb_fake_power_fails(&power, &failures);

	print_message("operations that failed in a rollback %s, %s: %" PRIu64 "\n", what,
		      of_writes(), fails);
	assert_true(fails > 10);
}

static void play_whole(const char *what)
{
	lb_fake_power_on(&power);
	put_world_back(NULL);
	roll_back(NULL);
	if (result < 0)
		fail_msg("a rollback %s ends with %d", what, result);
	assert_true(report.changed);
	assert_int_equal(report.later, ask.runs_on && ask.forget != LB_FORGET_NOTHING);
	/* Told as done: the power may go. */
	reboot_and_resume();
	assert_true(result >= 0);
	assert_true(holds("@", target_content()));
	assert_null(check_whole());
}

static void rollback__undisturbed__is_done_lasts_and_tells_what_waits(void **state)
{
	every_kind_of(play_whole);
}

static void rollback__cut_at_every_operation__there_is_always_a_root(void **state)
{
	every_kind_of(play_cuts);
}

static void rollback__every_operation_fails__is_told_and_finished_later(void **state)
{
	every_kind_of(play_failures);
}

static void rollback__without_a_root__makes_one(void **state)
{
	for (size_t i = 0; i < LB_FAKE_SUBVOLUMES; i++) /* where schnapps was cut */
		if (strcmp(begin.subvolumes[i].name, "@") == 0)
			(void)strcpy(begin.subvolumes[i].name, "@3");
	put_world_back(NULL);
	roll_back(NULL);
	assert_int_equal(result, 0);
	assert_true(report.changed && report.saved == 0);
	assert_int_equal(p.sync(p.ctx), 0);
	assert_true(holds("@", "old") && holds("@3", "now"));
	assert_null(check_names(true));
}

/* --- import */

static void import_factory(void *ctx)
{
	uint32_t number;

	result = lb_snapshots_resume(&p, &set);
	if (result >= 0)
		result =
			lb_snapshots_import(&p, &set, NULL, lb_fake_snapshots_fill, &fake, &number);
}

static void import_one(void *ctx)
{
	static const struct lb_snapshot_info info = {
		.type = LB_SNAPSHOT_TIME, .description = "from elsewhere", .created = DATE};
	uint32_t number;

	result = lb_snapshots_resume(&p, &set);
	if (result >= 0)
		result = lb_snapshots_import(&p, &set, &info, lb_fake_snapshots_fill, &fake,
					     &number);
}

static const char *check_import(void *ctx)
{
	bool factory = ctx != NULL;
	const char *wrong;

	if (!holds("@factory", "of the factory") && !(factory && holds("@factory", LB_FAKE_FILLED)))
		return "there is no whole factory state";
	reboot_and_resume();
	if (result < 0)
		return "what was cut cannot be cleared up";
	if (!factory && lb_fake_top_find(&fake.stored, "@3") && !holds("@3", LB_FAKE_FILLED))
		return "a part of an import counts";
	wrong = check_names(true);
	return wrong ? wrong : holds("@", "now") && holds("@1", "old") ? NULL : "something is lost";
}

static void import__cut_at_every_operation__counts_as_a_whole_or_not(void **state)
{
	static bool yes;
	const struct lb_fake_scenario factory = {
		.ctx = &yes, .setup = put_world_back, .run = import_factory, .check = check_import};
	const struct lb_fake_scenario one = {
		.setup = put_world_back, .run = import_one, .check = check_import};

	for (int i = 0; i < 2; i++) {
		fake.writes_last = i;
		uint64_t cuts = lb_fake_power_cuts(&power, &factory),
			 more = lb_fake_power_cuts(&power, &one);

		print_message("power cuts of an import of the factory state: %" PRIu64
			      ", of a snapshot, %s: %" PRIu64 "\n",
			      cuts, of_writes(), more);
		assert_true(cuts > 30 && more > 30);
		cuts = lb_fake_power_fails(&power, &factory) + lb_fake_power_fails(&power, &one);
		print_message("operations that failed: %" PRIu64 "\n", cuts);
	}
}

static int must_not_make(void *ctx, const char *name)
{
	lb_fake_die("something is made for a snapshot that has no number");
}

static void import__no_number_is_left__nothing_is_unpacked(void **state)
{
	static const struct lb_snapshot_info info = {.type = LB_SNAPSHOT_SINGLE, .created = DATE};
	struct plat_snapshots full;
	uint32_t number = 7;

	put_world_back(NULL);
	full = p;
	full.make = must_not_make;
	assert_true(lb_snapshots_resume(&p, &set) >= 0);
	set.count = LB_SNAPSHOTS_MAX;
	assert_int_equal(
		lb_snapshots_import(&full, &set, &info, lb_fake_snapshots_fill, &fake, &number),
		LB_E(RANGE));
	assert_int_equal(number, 7);
}

/* It may wait for ever for bytes from a connection that is dead: that must not keep a savepoint
 * from going back. */
static void rollback__beside_an_import_that_lives__is_done_and_the_import_stays(void **state)
{
	(void)lb_fake_snapshots_poke(&fake, LB_SNAPSHOT_FILL, "part of it");
	begin = fake.stored;
	put_world_back(NULL);
	(void)strcpy(fake.held, LB_SNAPSHOT_FILL);
	roll_back(NULL);
	assert_int_equal(result, 0);
	assert_true(holds("@", "old") && holds(LB_SNAPSHOT_FILL, "part of it"));
	reboot_and_resume();
	assert_int_equal(result, LB_SNAPSHOTS_UNDONE);
	assert_null(check_whole());
}

static void export__cut_in_its_middle__leaves_nothing_after_the_next_run(void **state)
{
	(void)lb_fake_snapshots_poke(&fake, "@lifeboat-export", "now");
	begin = fake.stored;
	put_world_back(NULL);
	reboot_and_resume();
	assert_true(result >= 0);
	assert_null(check_names(false));
	assert_true(holds("@", "now") && holds("@1", "old") && holds("@2", "older"));
}

/* --- create and delete */

static void create_and_delete(void *ctx)
{
	static const struct lb_snapshot_info info = {
		.type = LB_SNAPSHOT_SINGLE, .description = "new", .created = DATE};
	uint32_t number = 0;

	result = lb_snapshots_resume(&p, &set);
	if (result >= 0)
		result = lb_snapshots_create(&p, &set, &info, &number);
	if (result >= 0)
		result = lb_snapshots_delete(&p, &set, 1, false);
	if (result >= 0)
		result = p.sync(p.ctx);
}

static const char *check_create(void *ctx)
{
	const char *wrong;

	reboot_and_resume();
	wrong = check_names(true);
	if (wrong)
		return wrong;
	if (lb_fake_top_find(&fake.stored, "@3") &&
	    (!holds("@3", "now") || !lb_fake_top_file(&fake.stored, "3.info")))
		return "a snapshot without its .info, or a part of one";
	if (lb_fake_top_find(&fake.stored, "@1") && !holds("@1", "old"))
		return "a part of a deletion";
	return holds("@", "now") && holds("@2", "older") ? NULL : "something else is lost";
}

static void create_and_delete__cut_at_every_operation__all_or_nothing(void **state)
{
	const struct lb_fake_scenario s = {
		.setup = put_world_back, .run = create_and_delete, .check = check_create};

	for (int i = 0; i < 2; i++) {
		fake.writes_last = i;
		uint64_t cuts = lb_fake_power_cuts(&power, &s),
			 fails = lb_fake_power_fails(&power, &s);

		print_message("power cuts, %s: %" PRIu64 ", operations that failed: %" PRIu64 "\n",
			      of_writes(), cuts, fails);
		assert_true(cuts > 20 && fails > 8);
	}
}

static void create_and_modify__power_goes_when_they_are_done__are_on_the_disk(void **state)
{
	struct lb_snapshot_info info = {
		.type = LB_SNAPSHOT_SINGLE, .description = "new", .created = DATE};
	uint32_t number = 0;

	for (int i = 0; i < 2; i++) {
		fake.writes_last = i;
		put_world_back(NULL);
		assert_true(lb_snapshots_resume(&p, &set) >= 0);
		assert_int_equal(lb_snapshots_create(&p, &set, &info, &number), 0);
		lb_fake_snapshots_reboot(&fake);
		assert_true(holds("@3", "now"));
		assert_non_null(strstr(lb_fake_top_file(&fake.stored, "3.info")->text, "new"));

		info.type = LB_SNAPSHOT_PRE;
		assert_int_equal(lb_snapshots_modify(&p, &set, 3, &info), 0);
		lb_fake_snapshots_reboot(&fake);
		assert_non_null(strstr(lb_fake_top_file(&fake.stored, "3.info")->text, "pre"));
		info.type = LB_SNAPSHOT_SINGLE;
	}
}

#define fresh(f) cmocka_unit_test_setup(f, start)

TESTS(fresh(rollback__undisturbed__is_done_lasts_and_tells_what_waits),
      fresh(rollback__cut_at_every_operation__there_is_always_a_root),
      fresh(rollback__every_operation_fails__is_told_and_finished_later),
      fresh(rollback__without_a_root__makes_one),
      fresh(import__cut_at_every_operation__counts_as_a_whole_or_not),
      fresh(import__no_number_is_left__nothing_is_unpacked),
      fresh(rollback__beside_an_import_that_lives__is_done_and_the_import_stays),
      fresh(export__cut_in_its_middle__leaves_nothing_after_the_next_run),
      fresh(create_and_delete__cut_at_every_operation__all_or_nothing),
      fresh(create_and_modify__power_goes_when_they_are_done__are_on_the_disk))
