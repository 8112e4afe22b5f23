#include "tests/t.h"

#include "web/host.h"

#define ADDRESS "192.168.1.1"
#define NAME	"lifeboat-failsafe"

static bool is_ours(const char *host)
{
	return lb_host_is_ours(host, ADDRESS, NAME);
}

static void host__address_or_name__is_ours_with_and_without_the_port(void **state)
{
	assert_true(is_ours(ADDRESS));
	assert_true(is_ours(ADDRESS ":80"));
	assert_true(is_ours(NAME));
	assert_true(is_ours("LifeBoat-Failsafe:80"));
	assert_true(is_ours(NULL));
}

static void host__of_somebody_else__is_not_ours(void **state)
{
	static const char *const others[] = {"",
					     "evil.example",
					     "192.168.1.10",
					     "192.168.1",
					     "192.168.1.1.",
					     "192.168.1.1:8080",
					     "192.168.1.1:",
					     "192.168.1.1.evil.example",
					     "192.168.1.1:80 ",
					     " 192.168.1.1",
					     "lifeboat",
					     ":80",
					     NAME "x",
					     "192.168.1.1@evil"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(is_ours(others[i]));
}

static void host__router_without_a_name__an_empty_one_is_not_ours(void **state)
{
	assert_false(lb_host_is_ours("", ADDRESS, ""));
	assert_false(lb_host_is_ours(":80", ADDRESS, ""));
	assert_true(lb_host_is_ours(ADDRESS, ADDRESS, ""));
}

TESTS(unit(host__address_or_name__is_ours_with_and_without_the_port),
      unit(host__of_somebody_else__is_not_ours),
      unit(host__router_without_a_name__an_empty_one_is_not_ours))
