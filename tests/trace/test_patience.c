/* A lock that others hold, some of them for ever, on a virtual clock. */
#include "tests/t.h"

#include <stdio.h>
#include <string.h>

#include "lifeboat/snapshot/patience.h"

#define FOR_EVER 100000

/* Until when the others hold it. */
static struct {
	unsigned now_s, readers_s, changer_s;
	int broken;
	char got[64];
} w;

static int lock(void *ctx, bool exclusive, bool wait)
{
	const unsigned free_s = exclusive && w.readers_s > w.changer_s ? w.readers_s : w.changer_s;

	if (w.broken < 0)
		return w.broken;
	if (w.now_s < free_s && !wait)
		return LB_E(BUSY);
	if (w.now_s < free_s)
		w.now_s = free_s;
	if (w.now_s >= FOR_EVER)
		fail_msg("it waits for ever");
	(void)snprintf(w.got, sizeof(w.got), "%u %s", w.now_s, exclusive ? "alone" : "beside");
	return 0;
}

static void sleep_s(void *ctx, unsigned seconds)
{
	w.now_s += seconds;
}

static const struct lb_patience patience = {.lock = lock, .sleep_s = sleep_s};

static int clear(void **state)
{
	memset(&w, 0, sizeof(w));
	return 0;
}

static void patience__nobody_in_the_way__is_alone_at_once(void **state)
{
	assert_int_equal(lb_patience_alone(&patience), 0);
	assert_string_equal(w.got, "0 alone");
	assert_int_equal(lb_patience_overrule(&patience), 0);
	assert_string_equal(w.got, "0 alone");
}

static void patience__reader_who_ends_within_a_minute__is_waited_for(void **state)
{
	w.readers_s = 60;
	assert_int_equal(lb_patience_overrule(&patience), 0);
	assert_string_equal(w.got, "60 alone");
}

static void patience__reader_who_stays__is_overruled_after_a_minute(void **state)
{
	w.readers_s = FOR_EVER;
	assert_int_equal(lb_patience_overrule(&patience), 0);
	assert_string_equal(w.got, "60 beside");
}

static void patience__somebody_who_changes__is_waited_for_and_never_overruled(void **state)
{
	w.changer_s = 300;
	w.readers_s = FOR_EVER;
	assert_int_equal(lb_patience_overrule(&patience), 0);
	assert_string_equal(w.got, "300 beside");
}

static void patience__what_can_be_left_out__is_given_up_after_a_minute(void **state)
{
	w.changer_s = FOR_EVER;
	assert_int_equal(lb_patience_alone(&patience), LB_E(BUSY));
	assert_int_equal(w.now_s, 60);
	assert_string_equal(w.got, "");
}

static void patience__lock_that_fails__is_not_asked_again(void **state)
{
	w.broken = LB_E(IO);
	assert_int_equal(lb_patience_overrule(&patience), LB_E(IO));
	assert_int_equal(lb_patience_alone(&patience), LB_E(IO));
	assert_int_equal(w.now_s, 0);
}

#define fresh(f) cmocka_unit_test_setup(f, clear)

TESTS(fresh(patience__nobody_in_the_way__is_alone_at_once),
      fresh(patience__reader_who_ends_within_a_minute__is_waited_for),
      fresh(patience__reader_who_stays__is_overruled_after_a_minute),
      fresh(patience__somebody_who_changes__is_waited_for_and_never_overruled),
      fresh(patience__what_can_be_left_out__is_given_up_after_a_minute),
      fresh(patience__lock_that_fails__is_not_asked_again))
