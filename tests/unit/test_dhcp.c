#include "tests/t.h"

#include "plan/dhcp.h"

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

static void assert_range(uint32_t own, unsigned prefix_bits, uint32_t first, uint32_t last)
{
	struct lb_dhcp_range r = lb_dhcp_range(own, prefix_bits);

	assert_int_equal(r.first, first);
	assert_int_equal(r.last, last);
}

static void range__of_a_usual_router__is_100_to_200(void **state)
{
	assert_range(IP(192, 168, 1, 1), 24, IP(192, 168, 1, 100), IP(192, 168, 1, 200));
	assert_range(IP(192, 168, 1, 254), 24, IP(192, 168, 1, 100), IP(192, 168, 1, 200));
	assert_range(IP(10, 0, 0, 1), 8, IP(10, 0, 0, 100), IP(10, 0, 0, 200));
}

static void range__own_address_inside__is_beside_it(void **state)
{
	assert_range(IP(192, 168, 1, 100), 24, IP(192, 168, 1, 101), IP(192, 168, 1, 201));
	assert_range(IP(192, 168, 1, 200), 24, IP(192, 168, 1, 99), IP(192, 168, 1, 199));
}

static void range__of_a_small_net__stays_in_it(void **state)
{
	assert_range(IP(192, 168, 1, 1), 30, IP(192, 168, 1, 2), IP(192, 168, 1, 2));
	assert_range(IP(192, 168, 1, 2), 30, IP(192, 168, 1, 1), IP(192, 168, 1, 1));
	assert_range(IP(192, 168, 1, 1), 29, IP(192, 168, 1, 2), IP(192, 168, 1, 6));
	assert_range(IP(192, 168, 1, 14), 29, IP(192, 168, 1, 9), IP(192, 168, 1, 13));
}

static void range__of_every_net_and_address__is_in_order_and_without_net_broadcast_and_own(
	void **state)
{
	for (unsigned bits = 20; bits <= 30; bits++) {
		uint32_t mask = ~(uint32_t)0 << (32 - bits);
		uint32_t net = IP(172, 16, 0, 0) & mask;

		for (uint32_t own = net + 1; own < (net | ~mask); own++) {
			struct lb_dhcp_range r = lb_dhcp_range(own, bits);

			assert_true(r.first <= r.last);
			assert_true(r.first > net && r.last < (net | ~mask));
			assert_true(own < r.first || own > r.last);
			assert_true(r.last - r.first <= 100);
		}
	}
}

TESTS(unit(range__of_a_usual_router__is_100_to_200), unit(range__own_address_inside__is_beside_it),
      unit(range__of_a_small_net__stays_in_it),
      unit(range__of_every_net_and_address__is_in_order_and_without_net_broadcast_and_own))
