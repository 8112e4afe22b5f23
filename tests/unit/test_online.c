#include "tests/t.h"

#include "plan/online.h"

#define START_MS 1000

static struct lb_online begun(void)
{
	struct lb_online o;

	lb_online_begin(&o, START_MS);
	return o;
}

/* What is waited for, and until when. */
static void assert_waits(struct lb_online *o, uint64_t now_ms, uint64_t until_ms)
{
	uint64_t wake_ms = 0;

	assert_int_equal(lb_online_judge(o, now_ms, &wake_ms), LB_ONLINE_WAIT);
	assert_int_equal(wake_ms, until_ms);
}

static void assert_ends(struct lb_online *o, uint64_t now_ms, enum lb_online_deed deed)
{
	uint64_t wake_ms;

	assert_int_equal(lb_online_judge(o, now_ms, &wake_ms), deed);
}

static void online__no_link__is_given_up_after_ten_seconds(void **state)
{
	struct lb_online o = begun();

	assert_waits(&o, START_MS, START_MS + LB_ONLINE_LINK_MS);
	assert_waits(&o, START_MS + LB_ONLINE_LINK_MS - 1, START_MS + LB_ONLINE_LINK_MS);
	assert_ends(&o, START_MS + LB_ONLINE_LINK_MS, LB_ONLINE_NO_LINK);
}

static void online__link_and_no_answer__is_given_up_by_the_time_of_the_link(void **state)
{
	struct lb_online o = begun();

	o.link = true;
	assert_waits(&o, 3000, 3000 + LB_ONLINE_ADDRESS_MS);
	o.v4_over = true;
	o.link = false; /* a plug that is loose for a moment */
	assert_waits(&o, 9000, 3000 + LB_ONLINE_ADDRESS_MS);
	assert_ends(&o, 3000 + LB_ONLINE_ADDRESS_MS, LB_ONLINE_NO_ADDRESS);
}

static void online__ipv4_alone__waits_a_little_for_ipv6(void **state)
{
	struct lb_online o = begun();

	o.link = true;
	assert_waits(&o, 2000, 2000 + LB_ONLINE_ADDRESS_MS);
	o.v4 = true;
	assert_waits(&o, 4000, 4000 + LB_ONLINE_OTHER_MS);
	o.address6 = true; /* without a way out it is of no use */
	assert_waits(&o, 5000, 4000 + LB_ONLINE_OTHER_MS);
	assert_ends(&o, 4000 + LB_ONLINE_OTHER_MS, LB_ONLINE_YES);
}

static void online__both__is_online_at_once(void **state)
{
	struct lb_online o = begun();

	o.link = o.v4 = o.address6 = o.route6 = true;
	assert_ends(&o, 2000, LB_ONLINE_YES);
}

static void online__ipv6_alone__does_not_wait_for_a_dhcp_that_is_over(void **state)
{
	struct lb_online o = begun();

	o.link = o.address6 = o.route6 = true;
	assert_waits(&o, 2000, 2000 + LB_ONLINE_OTHER_MS);
	o.v4_over = true;
	assert_ends(&o, 2500, LB_ONLINE_YES);
}

static void online__first_answer_late__the_whole_time_stays_what_it_is(void **state)
{
	struct lb_online o = begun();
	const uint64_t end_ms = 2000 + LB_ONLINE_ADDRESS_MS;

	o.link = true;
	assert_waits(&o, 2000, end_ms);
	o.v4 = true;
	assert_waits(&o, end_ms - 1000, end_ms);
	assert_ends(&o, end_ms, LB_ONLINE_YES);
}

TESTS(unit(online__no_link__is_given_up_after_ten_seconds),
      unit(online__link_and_no_answer__is_given_up_by_the_time_of_the_link),
      unit(online__ipv4_alone__waits_a_little_for_ipv6), unit(online__both__is_online_at_once),
      unit(online__ipv6_alone__does_not_wait_for_a_dhcp_that_is_over),
      unit(online__first_answer_late__the_whole_time_stays_what_it_is))
