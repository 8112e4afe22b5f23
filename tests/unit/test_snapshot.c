/* Names, numbers, .info files, where a rollback goes, and what a cleanup deletes. */
#include "tests/t.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "plan/snapshot.h"

static struct lb_snapshot_set set;

/* "s1 t2 r3>1 R4" (to the factory state), ... in this order. */
static void be(const char *words)
{
	static const char letters[] = "stpQrv"; /* as enum lb_snapshot_type */

	memset(&set, 0, sizeof(set));
	set.factory = set.root = true;
	while (*words) {
		struct lb_snapshot *s = &set.all[set.count++];
		char letter = *words++;
		int used = 0;

		s->has_info = true;
		s->type = letter == 'R'
				  ? LB_SNAPSHOT_ROLLBACK
				  : (enum lb_snapshot_type)(strchr(letters, letter) - letters);
		assert_int_equal(sscanf(words, "%u%n", &s->number, &used), 1);
		words += used;
		if (*words == '>') {
			assert_int_equal(sscanf(words, ">%u%n", &s->roll_to, &used), 1);
			words += used;
		}
		if (letter == 'R')
			s->roll_to = LB_SNAPSHOT_FACTORY;
		words += *words == ' ';
	}
	lb_snapshot_sort(&set);
}

static uint32_t target(const char *words)
{
	uint32_t to = 0;

	be(words);
	assert_int_equal(lb_snapshot_target(&set, &to), 0);
	return to;
}

static void name__of_each_kind__is_read_and_written(void **state)
{
	static const struct {
		const char *name;
		uint32_t number;
	} good[] = {{"@", LB_SNAPSHOT_CURRENT},
		    {"@1", 1},
		    {"@999999999", LB_SNAPSHOT_LAST},
		    {"@factory", LB_SNAPSHOT_FACTORY}};
	static const char *const bad[] = {"",
					  "1",
					  "@0",
					  "@01",
					  "@-1",
					  "@1 ",
					  "@1x",
					  "@+1",
					  "@ 1",
					  "@1000000000",
					  "@factory-old",
					  LB_SNAPSHOT_NEXT,
					  LB_SNAPSHOT_FILL};
	char text[LB_SNAPSHOT_NAME_MAX];
	uint32_t number;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(lb_snapshot_parse_name(&number, good[i].name), 0);
		assert_int_equal(number, good[i].number);
		lb_snapshot_name(number, text);
		assert_string_equal(text, good[i].name);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		number = 77;
		assert_int_equal(lb_snapshot_parse_name(&number, bad[i]), LB_E(FORMAT));
		assert_int_equal(number, 77);
	}
	assert_int_equal(lb_snapshot_parse_info_name(&number, "12.info"), 0);
	assert_int_equal(number, 12);
	assert_int_equal(lb_snapshot_parse_info_name(&number, "12.info.bak"), LB_E(FORMAT));
	assert_int_equal(lb_snapshot_parse_info_name(&number, ".info"), LB_E(FORMAT));
	assert_int_equal(lb_snapshot_parse_word(&number, "current"), 0);
	assert_int_equal(number, LB_SNAPSHOT_CURRENT);
}

static uint32_t next(void)
{
	uint32_t number = 77;

	assert_int_equal(lb_snapshot_next(&set, &number), 0);
	return number;
}

static void next__after_a_hole__is_the_highest_and_one(void **state)
{
	be("s7 s2");
	assert_int_equal(next(), 8);
	be("");
	assert_int_equal(next(), 1);
	assert_null(lb_snapshot_find(&set, 1));
}

static void next__number_belongs_to_something_else__is_passed_over(void **state)
{
	be("s7 s2");
	set.taken = 12;
	assert_int_equal(next(), 13);
	set.taken = 3;
	assert_int_equal(next(), 8);
	set.taken = 0;
}

static void next__none_is_left__is_told_and_out_untouched(void **state)
{
	uint32_t number = 77;

	be("s999999998");
	assert_int_equal(next(), LB_SNAPSHOT_LAST);
	be("s999999999");
	assert_int_equal(lb_snapshot_next(&set, &number), LB_E(RANGE));
	be("s1");
	set.count = LB_SNAPSHOTS_MAX;
	assert_int_equal(lb_snapshot_next(&set, &number), LB_E(RANGE));
	assert_int_equal(number, 77);
}

static void find__each_of_many__is_that_one_and_no_other(void **state)
{
	set.count = 0;
	for (uint32_t n = 1; n <= 100; n++)
		set.all[set.count++] = (struct lb_snapshot){.number = 3 * n};
	for (uint32_t n = 1; n <= 303; n++) {
		const struct lb_snapshot *found = lb_snapshot_find(&set, n);

		assert_true(n % 3 == 0 && n <= 300 ? found && found->number == n : !found);
	}
}

static void target__again_and_again__steps_back_one_by_one(void **state)
{
	assert_int_equal(target("s1 s2 s3"), 3);
	assert_int_equal(target("s1 s2 s3 r4>3"), 2);
	assert_int_equal(target("s1 s2 s3 r4>3 r5>2"), 1);
	assert_int_equal(target("s1 s2 s3 r4>3 r5>2 r6>1"), LB_SNAPSHOT_FACTORY);
	assert_int_equal(target("s1 s2 s3 r4>3 r5>2 r6>1 R7"), LB_SNAPSHOT_FACTORY);
	assert_int_equal(target("s1 s2 R3"), LB_SNAPSHOT_FACTORY);
}

static void target__new_one_after_a_rollback__is_that_one(void **state)
{
	assert_int_equal(target("s1 s2 r3>1 s4"), 4);
	assert_int_equal(target("s1 R2 s3"), 3);
	assert_int_equal(target("s1 s2 r3>2 s4 r5>4"), 1);
	assert_int_equal(target("s1 s2 r3>0"), 2); /* nobody knows where it went */
}

static void target__nothing_there__is_told(void **state)
{
	uint32_t to = 77;

	be("r1>1");
	set.factory = false;
	assert_int_equal(lb_snapshot_target(&set, &to), LB_E(NOENT));
	assert_int_equal(to, 77);
}

static const struct lb_snapshot *waiting(const char *words, uint32_t waits)
{
	be(words);
	for (size_t i = 0; i < set.count; i++)
		set.all[i].waits = set.all[i].number == waits;
	return lb_snapshot_waiting(&set);
}

static void waiting__savepoint_that_nobody_confirmed__is_found(void **state)
{
	assert_int_equal(waiting("s1 v2", 2)->number, 2);
	assert_int_equal(waiting("s1 v2 p3 s4", 2)->number, 2);
	assert_int_equal(waiting("r1>7 v2", 2)->number, 2);
}

static void waiting__nobody_waits__is_none(void **state)
{
	assert_null(waiting("", 0));
	assert_null(waiting("s1 v2", 0)); /* made by schnapps, or by "create -t save" */
	assert_null(waiting("s1 s2", 2)); /* no savepoint any more */
}

static bool left(const char *words)
{
	be(words);
	return lb_snapshot_is_left(&set, 2);
}

static void left__somebody_went_back_since__is_told(void **state)
{
	assert_true(left("s1 v2 r3>2"));
	assert_true(left("s1 v2 R3"));
	assert_true(left("s1 v2 r3>1 s4"));
	assert_false(left("s1 v2"));
	assert_false(left("r1>7 v2 s3"));
}

static void retention__more_than_allowed__the_oldest_of_each_kind_go(void **state)
{
	const struct lb_snapshot_limits limits = {
		.single = -1, .time = 1, .update = 2, .rollback = 0};
	bool doomed[16];
	char text[64] = "";

	be("s1 t2 p3 Q4 v5 t6 p7 r8>1 p9 Q10 s11 t12");
	assert_int_equal(lb_snapshot_retention(&set, &limits, doomed), 4);
	for (size_t i = 0; i < set.count; i++)
		if (doomed[i])
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u ",
				       set.all[i].number);
	assert_string_equal(text, "2 3 6 8 ");
}

static void filter__what_a_shell_would_run__becomes_an_underscore(void **state)
{
	char out[LB_SNAPSHOT_TEXT_MAX], text[1100];

	assert_false(lb_snapshot_filter(out, "Before the update (7.0), all fine!"));
	assert_string_equal(out, "Before the update (7.0), all fine!");
	assert_true(lb_snapshot_filter(out, "\"$(reboot)`\xc3\xa9\\"));
	assert_string_equal(out, "__(reboot)____");
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(lb_snapshot_filter(out, text));
	assert_int_equal(strlen(out), 1024);
}

static void info__of_schnapps__is_read_and_written_the_same(void **state)
{
	static const char text[] = "TYPE=\"rollback\"\nDESCRIPTION=\"Rollback to snapshot 3\"\n"
				   "ROLL_TO=3\nCREATED=\"2026-11-21 09:17:00 +0100\"\n";
	struct lb_snapshot_info info;
	char out[LB_SNAPSHOT_INFO_MAX];

	assert_int_equal(lb_snapshot_info_parse(&info, text, strlen(text)), 0);
	assert_int_equal(info.type, LB_SNAPSHOT_ROLLBACK);
	assert_string_equal(info.description, "Rollback to snapshot 3");
	assert_string_equal(info.created, "2026-11-21 09:17:00 +0100");
	assert_int_equal(info.roll_to, 3);
	assert_int_equal(lb_snapshot_info_format(out, &info), strlen(text));
	assert_string_equal(out, text);
}

static void info__edited_on_another_system__is_read(void **state)
{
	static const char text[] = "CREATED=\"2026-11-21 09:17:00 +0100\" \r\n\r\nTYPE=pre\r\n"
				   "DESCRIPTION='mine'\t\r\nROLL_TO=4\r";
	struct lb_snapshot_info info;

	assert_int_equal(lb_snapshot_info_parse(&info, text, strlen(text)), 0);
	assert_int_equal(info.type, LB_SNAPSHOT_PRE);
	assert_string_equal(info.description, "mine");
	assert_string_equal(info.created, "2026-11-21 09:17:00 +0100");
	assert_int_equal(info.roll_to, 4);
}

static void info__of_a_savepoint__says_who_waits(void **state)
{
	static const char text[] = "TYPE=\"save\"\nDESCRIPTION=\"Savepoint\"\n"
				   "CREATED=\"2026-11-21 09:17:00 +0000\"\nWAIT=10\nSTARTED=1\n";
	static const char wrong[] = "TYPE=save\nWAIT=1441\nSTARTED=yes";
	struct lb_snapshot_info info;
	char out[LB_SNAPSHOT_INFO_MAX];

	assert_int_equal(lb_snapshot_info_parse(&info, text, strlen(text)), 0);
	assert_int_equal(info.wait_minutes, 10);
	assert_true(info.started);
	assert_int_equal(lb_snapshot_info_format(out, &info), strlen(text));
	assert_string_equal(out, text);
	assert_int_equal(lb_snapshot_info_parse(&info, wrong, strlen(wrong)), 0);
	assert_int_equal(info.wait_minutes, 0);
	assert_false(info.started);
}

static void info__as_a_shell_takes_it__is_read(void **state)
{
	static const struct {
		const char *text, *description, *created;
		enum lb_snapshot_type type;
	} cases[] = {
		{"TYPE=\"time\" # mine\nDESCRIPTION=\"x y\" # c\n", "x y", "", LB_SNAPSHOT_TIME},
		{"TYPE=\"pre\"; DESCRIPTION=\"x\"\n", "", "", LB_SNAPSHOT_PRE},
		{"TYPE=post DESCRIPTION=\"x\"\n", "", "", LB_SNAPSHOT_POST},
		{"\texport TYPE='save'\n  CREATED='2026-11-21 09:17:00 +0100' # then\n", "",
		 "2026-11-21 09:17:00 +0100", LB_SNAPSHOT_SAVE},
		{"TYPE=\"single\nDESCRIPTION=\"say \"hi\" to\"\n", "say _hi_ to", "",
		 LB_SNAPSHOT_SINGLE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lb_snapshot_info info;

		assert_int_equal(
			lb_snapshot_info_parse(&info, cases[i].text, strlen(cases[i].text)), 0);
		assert_int_equal(info.type, cases[i].type);
		assert_string_equal(info.description, cases[i].description);
		assert_string_equal(info.created, cases[i].created);
	}
}

static void info__with_a_program_in_it__is_data(void **state)
{
	static const char text[] = "reboot\nTYPE=single\nDESCRIPTION=\"x\"; touch /tmp/y; \"\"\n"
				   "ROLL_TO=$(id)\nCREATED='2026 `id`'\nTYPE=\"nonsense\"";
	struct lb_snapshot_info info;

	assert_int_equal(lb_snapshot_info_parse(&info, text, strlen(text)), 0);
	assert_int_equal(info.type, LB_SNAPSHOT_SINGLE);
	assert_string_equal(info.description, "x_; touch /tmp/y; _");
	assert_string_equal(info.created, "2026 ");
	assert_int_equal(info.roll_to, 0);
}

static void info__without_a_type__is_refused_and_out_untouched(void **state)
{
	static const char *const bad[] = {
		"", "\n", "DESCRIPTION=\"x\"\n", "TYPE=", "TYPE=\"other\"", " TYPES=single"};
	struct lb_snapshot_info info, before;

	memset(&info, 'i', sizeof(info));
	before = info;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(lb_snapshot_info_parse(&info, bad[i], strlen(bad[i])),
				 LB_E(FORMAT));
	assert_memory_equal(&info, &before, sizeof(info));
}

/* The steps by their letters; `failing` fails, LB_ROLLBACK_DONE: none does. */
static const char *steps(struct lb_rollback_plan *p, enum lb_rollback_step failing, int how)
{
	static const char letters[] = "nmpxPNikfsdu";
	static char out[32];
	size_t n = 0;

	for (; p->step < LB_ROLLBACK_DONE; n++) {
		assert_true(n < sizeof(out) - 1);
		out[n] = letters[p->step];
		lb_rollback_next(p, p->step == failing ? how : 0);
	}
	out[n] = '\0';
	return out;
}

static void rollback__of_each_kind__takes_its_steps(void **state)
{
	static const struct {
		struct lb_rollback_sense sense;
		enum lb_rollback_step failing;
		int how;
		const char *steps;
		enum lb_rollback_step end;
		bool changed;
	} rows[] = {
		{{.root = 1}, LB_ROLLBACK_DONE, 0, "nmxNiksu", LB_ROLLBACK_DONE, true},
		{{.root = 1, .prepare = 1},
		 LB_ROLLBACK_DONE,
		 0,
		 "nmpxNiksu",
		 LB_ROLLBACK_DONE,
		 true},
		{{0}, LB_ROLLBACK_DONE, 0, "nmPsu", LB_ROLLBACK_DONE, true},
		{{.root = 1, .forget = LB_FORGET_STATE},
		 LB_ROLLBACK_DONE,
		 0,
		 "nmxNfsu",
		 LB_ROLLBACK_DONE,
		 true},
		{{.root = 1, .forget = LB_FORGET_ALL},
		 LB_ROLLBACK_DONE,
		 0,
		 "nmxfsu",
		 LB_ROLLBACK_DONE,
		 true},
		{{.root = 1, .forget = LB_FORGET_ALL, .next_runs = 1},
		 LB_ROLLBACK_DONE,
		 0,
		 "nmxs",
		 LB_ROLLBACK_LATER,
		 true},
		/* Before the exchange all is taken back. */
		{{.root = 1}, LB_ROLLBACK_NOTE, LB_E(NOSPC), "nu", LB_ROLLBACK_FAILED, false},
		{{.root = 1}, LB_ROLLBACK_MAKE, LB_E(NOSPC), "nmu", LB_ROLLBACK_FAILED, false},
		{{.root = 1, .prepare = 1},
		 LB_ROLLBACK_PREPARE,
		 LB_E(IO),
		 "nmpdu",
		 LB_ROLLBACK_FAILED,
		 false},
		{{.root = 1}, LB_ROLLBACK_EXCHANGE, LB_E(IO), "nmxdu", LB_ROLLBACK_FAILED, false},
		/* After it the note stays, for the next run. */
		{{.root = 1}, LB_ROLLBACK_KEEP, LB_E(IO), "nmxNik", LB_ROLLBACK_FAILED, true},
		/* What is nowhere else is not forgotten. */
		{{.root = 1, .forget = LB_FORGET_STATE},
		 LB_ROLLBACK_FORGET,
		 LB_E(STATE),
		 "nmxNfiksu",
		 LB_ROLLBACK_DONE,
		 true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lb_rollback_plan p;

		lb_rollback_begin(&p, &rows[i].sense);
		assert_string_equal(steps(&p, rows[i].failing, rows[i].how), rows[i].steps);
		assert_int_equal(p.step, rows[i].end);
		assert_int_equal(p.changed, rows[i].changed);
	}
}

static void resume__after_each_cut__finishes_or_undoes(void **state)
{
	static const struct {
		struct lb_rollback_sense sense;
		const char *steps;
		bool changed;
	} rows[] = {
		{{.root = 1}, "", false},
		{{.root = 1, .note = 1}, "u", false},
		{{.root = 1, .note = 1, .next = 1, .root_id = 300, .next_id = 301}, "du", false},
		{{.root = 1, .note = 1, .next = 1, .root_id = 301, .next_id = 300}, "Niksu", true},
		{{.root = 1, .next = 1, .root_id = 301, .next_id = 300}, "Niksu", true},
		{{.note = 1, .next = 1, .next_id = 300}, "Psu", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lb_rollback_plan p;

		lb_rollback_resume(&p, &rows[i].sense);
		assert_string_equal(steps(&p, LB_ROLLBACK_DONE, 0), rows[i].steps);
		assert_int_equal(p.changed, rows[i].changed);
		assert_int_equal(p.result, 0);
	}
}

static void time__of_each_form__is_as_the_calendar_says(void **state)
{
	static const struct {
		const char *created, *shown; /* the same in UTC */
		int zone_s;
	} good[] = {{"2026-11-21 09:17:00 +0100", "2026-11-21 09:17:00", 3600},
		    {"2024-02-29 23:59:59 -0730", "2024-02-29 23:59:59", -27000},
		    {"2000-03-01 00:00:00 +0000", "2000-03-01 00:00:00", 0},
		    {"1970-01-01 00:00:00", "1970-01-01 00:00:00", 0},
		    {"2100-12-31 12:00:00 +0000", "2100-12-31 12:00:00", 0}};
	static const char *const bad[] = {"",
					  "2026-11-21",
					  "2026-13-21 09:17:00 +0100",
					  "2026-00-21 09:17:00 +0100",
					  "2026-11-00 09:17:00 +0100",
					  "2026-11-21 09:17:00 0100",
					  "2026-11-21 09:17:00 +01000",
					  "2026-11-21 09:17:00 +",
					  " 026-11-21 09:17:00 +0100"};
	int64_t at_s = 7;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct tm tm = {0};

		assert_non_null(strptime(good[i].shown, "%Y-%m-%d %H:%M:%S", &tm));
		assert_int_equal(lb_snapshot_time(&at_s, good[i].created), 0);
		assert_int_equal(at_s, timegm(&tm) - good[i].zone_s);
	}
	at_s = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(lb_snapshot_time(&at_s, bad[i]), LB_E(FORMAT));
	assert_int_equal(at_s, 7);
}

static void weekly__last_one_and_now__due_after_seven_days(void **state)
{
	const int64_t now_s = 1795000000, day_s = 86400;

	assert_true(lb_snapshot_is_due(0, now_s));
	assert_true(lb_snapshot_is_due(now_s - 7 * day_s, now_s));
	assert_false(lb_snapshot_is_due(now_s - 7 * day_s + 1, now_s));
	assert_false(lb_snapshot_is_due(now_s + 3600, now_s));
	assert_true(lb_snapshot_counts(now_s + day_s, now_s));
	assert_false(lb_snapshot_counts(now_s + day_s + 1, now_s));
}

TESTS(unit(name__of_each_kind__is_read_and_written),
      unit(next__after_a_hole__is_the_highest_and_one),
      unit(next__number_belongs_to_something_else__is_passed_over),
      unit(next__none_is_left__is_told_and_out_untouched),
      unit(find__each_of_many__is_that_one_and_no_other),
      unit(target__again_and_again__steps_back_one_by_one),
      unit(target__new_one_after_a_rollback__is_that_one), unit(target__nothing_there__is_told),
      unit(waiting__savepoint_that_nobody_confirmed__is_found),
      unit(waiting__nobody_waits__is_none), unit(left__somebody_went_back_since__is_told),
      unit(retention__more_than_allowed__the_oldest_of_each_kind_go),
      unit(filter__what_a_shell_would_run__becomes_an_underscore),
      unit(info__of_schnapps__is_read_and_written_the_same),
      unit(info__edited_on_another_system__is_read), unit(info__as_a_shell_takes_it__is_read),
      unit(info__of_a_savepoint__says_who_waits), unit(info__with_a_program_in_it__is_data),
      unit(info__without_a_type__is_refused_and_out_untouched),
      unit(time__of_each_form__is_as_the_calendar_says),
      unit(weekly__last_one_and_now__due_after_seven_days),
      unit(rollback__of_each_kind__takes_its_steps),
      unit(resume__after_each_cut__finishes_or_undoes))
