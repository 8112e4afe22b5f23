#include "tests/t.h"

#include <stdio.h>

#include "plan/fetch.h"

static const struct lb_fetch_rules rules = {
	.tries = 4, .first_wait_ms = 1000, .longest_wait_ms = 3000, .whole_ms = 60000};

static char told[1024];
static size_t told_len;
static uint64_t now_ms;
static struct lb_fetch_plan plan;

static void tell(struct lb_fetch_step s)
{
	static const char *const deeds[] = {"get", "wait", "done", "failed"};
	const uint64_t what = s.deed == LB_FETCH_WAIT ? s.wake_ms - now_ms : s.from_bytes;

	told_len += (size_t)snprintf(told + told_len, sizeof(told) - told_len, "%s %llu\n",
				     deeds[s.deed], (unsigned long long)what);
}

static struct lb_fetch_step begin(void)
{
	struct lb_fetch_step s;

	now_ms = 100;
	told_len = 0;
	s = lb_fetch_begin(&plan, &rules, now_ms);
	tell(s);
	return s;
}

/* An attempt of one second ends; waits are waited for. */
static struct lb_fetch_step ends(enum lb_fetch_end end, uint64_t have_bytes, bool can_resume)
{
	const struct lb_fetch_seen seen = {
		.end = end, .have_bytes = have_bytes, .can_resume = can_resume};
	struct lb_fetch_step s;

	now_ms += 1000;
	s = lb_fetch_next(&plan, &rules, &seen, now_ms);
	tell(s);
	if (s.deed != LB_FETCH_WAIT)
		return s;
	assert_int_equal(lb_fetch_waited(&plan, s.wake_ms - 1).deed, LB_FETCH_WAIT);
	now_ms = s.wake_ms;
	s = lb_fetch_waited(&plan, now_ms);
	tell(s);
	return s;
}

static void fetch__server_gone_in_the_middle__goes_on_from_there(void **state)
{
	(void)begin();
	(void)ends(LB_FETCH_END_AGAIN, 500, true);
	(void)ends(LB_FETCH_END_AGAIN, 500, true);
	(void)ends(LB_FETCH_END_AGAIN, 900, true);
	(void)ends(LB_FETCH_END_GOT, 1000, true);
	assert_string_equal(told, "get 0\nwait 1000\nget 500\nwait 2000\nget 500\nwait 1000\n"
				  "get 900\ndone 0\n");
}

static void fetch__attempt__may_take_what_is_left_of_the_whole_time(void **state)
{
	struct lb_fetch_step s = begin();

	assert_int_equal(s.left_ms, 60000);
	s = ends(LB_FETCH_END_AGAIN, 500, true); /* a second, and a second of waiting */
	assert_int_equal(s.left_ms, 58000);
	s = ends(LB_FETCH_END_CHANGED, 500, true);
	assert_int_equal(s.left_ms, 57000);
	assert_int_equal(s.from_bytes, 0);
}

static void fetch__server_that_stays_away__is_given_up(void **state)
{
	(void)begin();
	for (int i = 0; i < 4; i++)
		(void)ends(LB_FETCH_END_AGAIN, 0, false);
	assert_string_equal(told, "get 0\nwait 1000\nget 0\nwait 2000\nget 0\nwait 3000\nget 0\n"
				  "failed 0\n");
}

static void fetch__file_that_cannot_be_told_from_another__starts_again(void **state)
{
	(void)begin();
	for (int i = 0; i < 4; i++)
		(void)ends(LB_FETCH_END_AGAIN, 500 + 100 * (uint64_t)i, false);
	assert_string_equal(told, "get 0\nwait 1000\nget 0\nwait 2000\nget 0\nwait 3000\nget 0\n"
				  "failed 0\n");
}

static void fetch__changed_file__starts_again_a_few_times(void **state)
{
	(void)begin();
	(void)ends(LB_FETCH_END_AGAIN, 500, true);
	for (int i = 0; i < 4; i++)
		(void)ends(LB_FETCH_END_CHANGED, 500, true);
	assert_string_equal(told, "get 0\nwait 1000\nget 500\nget 0\nget 0\nget 0\nfailed 0\n");
}

static void fetch__slow_line__ends_with_the_whole_time(void **state)
{
	struct lb_fetch_step s = begin();
	uint64_t have_bytes = 0;

	while (s.deed == LB_FETCH_GET)
		s = ends(LB_FETCH_END_AGAIN, have_bytes += 10, true);
	assert_int_equal(s.deed, LB_FETCH_FAILED);
	assert_in_range(now_ms, 50000, 60100);
}

static void fetch__what_does_not_get_better__fails_at_once(void **state)
{
	const enum lb_fetch_end never[] = {LB_FETCH_END_REFUSED, LB_FETCH_END_UNTRUSTED,
					   LB_FETCH_END_TOO_LARGE};

	for (size_t i = 0; i < 3; i++) {
		(void)begin();
		assert_int_equal(ends(never[i], 0, true).deed, LB_FETCH_FAILED);
	}
}

static enum lb_fetch_end judge(int curl_exit, struct lb_http_head head, uint64_t from_bytes,
			       uint64_t known_bytes, uint64_t have_bytes)
{
	const char *text = NULL;
	enum lb_fetch_end end =
		lb_fetch_judge(curl_exit, &head, from_bytes, known_bytes, have_bytes, &text);

	assert_non_null(text);
	return end;
}

static void judge__part_of_another_file__is_never_added(void **state)
{
	const struct lb_http_head part = {.status = 206, .start_bytes = 50, .whole_bytes = 100};
	struct lb_http_head whole = {.status = 200, .whole_bytes = 100};

	assert_int_equal(judge(0, part, 50, 100, 100), LB_FETCH_END_GOT);
	assert_int_equal(judge(0, part, 50, 101, 100), LB_FETCH_END_CHANGED);
	assert_int_equal(judge(0, part, 40, 100, 100), LB_FETCH_END_CHANGED);
	assert_int_equal(judge(33, whole, 50, 100, 50), LB_FETCH_END_CHANGED);
	assert_int_equal(judge(0, whole, 50, 100, 150), LB_FETCH_END_CHANGED);
	assert_int_equal(judge(22, (struct lb_http_head){.status = 416}, 50, 100, 50),
			 LB_FETCH_END_CHANGED);
}

static void judge__file_of_another_length_than_promised__is_not_whole(void **state)
{
	const struct lb_http_head whole = {.status = 200, .whole_bytes = 100};

	assert_int_equal(judge(0, whole, 0, 0, 100), LB_FETCH_END_GOT);
	assert_int_equal(judge(0, whole, 0, 0, 99), LB_FETCH_END_AGAIN);
	assert_int_equal(judge(0, (struct lb_http_head){.status = 200}, 0, 0, 99),
			 LB_FETCH_END_GOT);
}

static void judge__exits_and_answers__have_their_meaning(void **state)
{
	const struct lb_http_head none = {0};

	assert_int_equal(judge(7, none, 0, 0, 0), LB_FETCH_END_AGAIN);
	assert_int_equal(judge(7, none, 50, 100, 50), LB_FETCH_END_AGAIN);
	assert_int_equal(judge(60, none, 0, 0, 0), LB_FETCH_END_UNTRUSTED);
	assert_int_equal(judge(23, none, 0, 0, 0), LB_FETCH_END_TOO_LARGE);
	assert_int_equal(judge(99, none, 0, 0, 0), LB_FETCH_END_AGAIN);
	assert_int_equal(judge(22, (struct lb_http_head){.status = 404}, 0, 0, 0),
			 LB_FETCH_END_REFUSED);
	assert_int_equal(judge(22, (struct lb_http_head){.status = 403}, 0, 0, 0),
			 LB_FETCH_END_REFUSED);
	assert_int_equal(judge(22, (struct lb_http_head){.status = 503}, 50, 100, 50),
			 LB_FETCH_END_AGAIN);
}

TESTS(unit(fetch__attempt__may_take_what_is_left_of_the_whole_time),
      unit(fetch__server_gone_in_the_middle__goes_on_from_there),
      unit(fetch__server_that_stays_away__is_given_up),
      unit(fetch__file_that_cannot_be_told_from_another__starts_again),
      unit(fetch__changed_file__starts_again_a_few_times),
      unit(fetch__slow_line__ends_with_the_whole_time),
      unit(fetch__what_does_not_get_better__fails_at_once),
      unit(judge__part_of_another_file__is_never_added),
      unit(judge__file_of_another_length_than_promised__is_not_whole),
      unit(judge__exits_and_answers__have_their_meaning))
