/* A savepoint that nobody commits, and what ends the waiting, on a virtual clock. */
#include "tests/t.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lifeboat/snapshot/savepoint.h"

#define START_S 1000

static struct {
	uint64_t now_s, committed_s, sleeps_at_s, sleeps_s;
	int go_back;
	unsigned fails; /* so often it says that */
	char told[1024];
} w;

static void PRINTF_LIKE(1, 2) tell(const char *fmt, ...)
{
	size_t n = strlen(w.told);
	va_list args;

	n += (size_t)snprintf(w.told + n, sizeof(w.told) - n, "%u ", (unsigned)(w.now_s - START_S));
	va_start(args, fmt);
	(void)vsnprintf(w.told + n, sizeof(w.told) - n, fmt, args);
	va_end(args);
}

static uint64_t now_s(void *ctx)
{
	return w.now_s;
}

static void sleep_s(void *ctx, unsigned seconds)
{
	w.now_s += seconds;
	if (w.sleeps_s && w.now_s >= START_S + w.sleeps_at_s) {
		w.now_s += w.sleeps_s;
		w.sleeps_s = 0;
	}
	if (w.now_s > START_S + 100000)
		fail_msg("it never ends");
}

static bool is_pending(void *ctx)
{
	return !w.committed_s || w.now_s < START_S + w.committed_s;
}

static void warn(void *ctx)
{
	tell("warned\n");
}

static int go_back(void *ctx)
{
	tell("back\n");
	if (!w.fails)
		return 0;
	w.fails--;
	return w.go_back;
}

static void reboot(void *ctx)
{
	tell("reboot\n");
}

static enum lb_savepoint_end watch(unsigned minutes)
{
	static const struct lb_savepoint_hands hands = {.now_s = now_s,
							.sleep_s = sleep_s,
							.is_pending = is_pending,
							.warn = warn,
							.go_back = go_back,
							.reboot = reboot};

	w.now_s = START_S;
	return lb_savepoint_watch(&hands, minutes);
}

static int clear(void **state)
{
	memset(&w, 0, sizeof(w));
	return 0;
}

static void savepoint__nobody_commits__warned_then_back_and_rebooted(void **state)
{
	assert_int_equal(watch(10), LB_SAVEPOINT_WENT_BACK);
	assert_string_equal(w.told, "585 warned\n600 back\n600 reboot\n");
	(void)clear(NULL);
	assert_int_equal(watch(1), LB_SAVEPOINT_WENT_BACK);
	assert_string_equal(w.told, "45 warned\n60 back\n60 reboot\n");
}

static void savepoint__committed__ends_within_a_second_and_nothing_happens(void **state)
{
	w.committed_s = 300;
	assert_int_equal(watch(10), LB_SAVEPOINT_COMMITTED);
	assert_string_equal(w.told, "");
	assert_int_equal(w.now_s, START_S + 300);
}

static void savepoint__committed_after_the_warning__stays(void **state)
{
	w.committed_s = 599;
	assert_int_equal(watch(10), LB_SAVEPOINT_COMMITTED);
	assert_string_equal(w.told, "585 warned\n");
}

static void savepoint__machine_slept__is_warned_of_all_the_same(void **state)
{
	w.sleeps_at_s = 100;
	w.sleeps_s = 5000;
	assert_int_equal(watch(10), LB_SAVEPOINT_WENT_BACK);
	assert_string_equal(w.told, "5100 warned\n5115 back\n5115 reboot\n");
}

static void savepoint__cannot_go_back_at_first__tries_again_each_minute(void **state)
{
	w.go_back = LB_E(IO);
	w.fails = 2;
	assert_int_equal(watch(2), LB_SAVEPOINT_WENT_BACK);
	assert_string_equal(w.told, "105 warned\n120 back\n180 back\n240 back\n240 reboot\n");
}

static void savepoint__committed_between_two_tries__stays(void **state)
{
	w.go_back = LB_E(IO);
	w.fails = 2;
	w.committed_s = 150;
	assert_int_equal(watch(2), LB_SAVEPOINT_COMMITTED);
	assert_string_equal(w.told, "105 warned\n120 back\n");
	assert_int_equal(w.now_s, START_S + 150);
}

static void savepoint__can_never_go_back__fails_after_an_hour_and_does_not_reboot(void **state)
{
	w.go_back = LB_E(IO);
	w.fails = LB_SAVEPOINT_TRIES;
	assert_int_equal(watch(1), LB_SAVEPOINT_FAILED);
	assert_int_equal(w.fails, 0);
	assert_int_equal(w.now_s, START_S + 60 + 59 * 60);
	assert_null(strstr(w.told, "reboot"));
}

static void savepoint__left_meanwhile__ends_without_another_try(void **state)
{
	w.go_back = LB_E(NOENT);
	w.fails = 1;
	assert_int_equal(watch(2), LB_SAVEPOINT_COMMITTED);
	assert_string_equal(w.told, "105 warned\n120 back\n");
}

#define fresh(f) cmocka_unit_test_setup(f, clear)

TESTS(fresh(savepoint__nobody_commits__warned_then_back_and_rebooted),
      fresh(savepoint__committed__ends_within_a_second_and_nothing_happens),
      fresh(savepoint__committed_after_the_warning__stays),
      fresh(savepoint__machine_slept__is_warned_of_all_the_same),
      fresh(savepoint__cannot_go_back_at_first__tries_again_each_minute),
      fresh(savepoint__committed_between_two_tries__stays),
      fresh(savepoint__can_never_go_back__fails_after_an_hour_and_does_not_reboot),
      fresh(savepoint__left_meanwhile__ends_without_another_try))
