#include "tests/t.h"

#include <stdio.h>

#include "plan/lease.h"

static int parse(struct lb_lease *out, const char *text)
{
	return lb_lease_parse(out, text, strlen(text));
}

static void lease__all_of_it__is_read(void **state)
{
	struct lb_lease l;

	assert_int_equal(parse(&l, "ip=192.0.2.100\nsubnet=255.255.255.128\n"
				   "router=192.0.2.1 192.0.2.2\ndns=192.0.2.53 9.9.9.9\n"),
			 0);
	assert_int_equal(l.address, 0xC0000264);
	assert_int_equal(l.prefix_bits, 25);
	assert_int_equal(l.router, 0xC0000201);
	assert_int_equal(l.dns_count, 2);
	assert_int_equal(l.dns[0], 0xC0000235);
	assert_int_equal(l.dns[1], 0x09090909);
}

static void lease__nothing_but_an_address__will_do(void **state)
{
	struct lb_lease l;

	assert_int_equal(parse(&l, "ip=10.1.2.3\nsubnet=\nrouter=\ndns=\n"), 0);
	assert_int_equal(l.address, 0x0A010203);
	assert_int_equal(l.prefix_bits, 24);
	assert_int_equal(l.router, 0);
	assert_int_equal(l.dns_count, 0);
}

static void lease__address_of_its_own_net__is_one_of_32_bits(void **state)
{
	struct lb_lease l;

	assert_int_equal(parse(&l, "ip=203.0.113.7\nsubnet=255.255.255.255\nrouter=10.0.0.1"), 0);
	assert_int_equal(l.prefix_bits, 32);
	assert_int_equal(l.router, 0x0A000001);
}

static void lease__more_name_servers_than_there_is_room_for__the_first_count(void **state)
{
	struct lb_lease l;

	assert_int_equal(parse(&l, "ip=10.0.0.2\ndns=10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6"), 0);
	assert_int_equal(l.dns_count, LB_DNS_MAX);
	assert_int_equal(l.dns[LB_DNS_MAX - 1], 0x0A000005);
}

static void lease__router_or_name_server_that_no_host_can_be__is_left_out(void **state)
{
	static const char *const unusable[] = {"0.0.0.0", "127.0.0.1", "224.0.0.1",
					       "255.255.255.255"};

	for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++) {
		char text[128];
		struct lb_lease l;

		(void)snprintf(text, sizeof(text), "ip=10.0.0.2\nrouter=%s\ndns=%s 10.0.0.1 %s\n",
			       unusable[i], unusable[i], unusable[i]);
		assert_int_equal(parse(&l, text), 0);
		assert_int_equal(l.address, 0x0A000002);
		assert_int_equal(l.router, 0);
		assert_int_equal(l.dns_count, 1);
		assert_int_equal(l.dns[0], 0x0A000001);
	}
}

static void cut__list_that_is_too_long__ends_with_a_whole_address(void **state)
{
	assert_int_equal(lb_lease_cut("", 10), 0);
	assert_int_equal(lb_lease_cut("10.0.0.1 10.0.0.2", 17), 17);
	assert_int_equal(lb_lease_cut("10.0.0.1 10.0.0.2", 16), 8);
	assert_int_equal(lb_lease_cut("10.0.0.1 10.0.0.2", 9), 8);
	assert_int_equal(lb_lease_cut("10.0.0.1 10.0.0.2", 8), 8);
	assert_int_equal(lb_lease_cut("10.0.0.1 10.0.0.2", 7), 0);
}

static void lease__what_is_no_address__is_refused_and_out_untouched(void **state)
{
	static const char *const bad[] = {
		"",
		"subnet=255.255.255.0\n",
		"ip=\n",
		"ip=192.0.2\n",
		"ip=192.0.2.256\n",
		"ip=192.0.2.1000\n",
		"ip=192.0.2.1.1\n",
		"ip=192.0.2.1 192.0.2.2\n",
		"ip=0.0.0.0\n",
		"ip=127.0.0.1\n",
		"ip=224.0.0.1\n",
		"ip=255.255.255.255\n",
		"ip=10.0.0.2\nsubnet=255.0.255.0\n",
		"ip=10.0.0.2\nsubnet=0.0.0.0\n",
		"ip=10.0.0.2\nrouter=x\n",
		"ip=10.0.0.2\nrouter=0.0.0\n",
		"ip=10.0.0.2\ndns=0.0.0.0 127.0.0\n",
		"ip=10.0.0.2\ndns=10.0.0.1,10.0.0.2\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct lb_lease l = {.address = 7}, before = l;

		assert_int_equal(parse(&l, bad[i]), LB_E(FORMAT));
		assert_memory_equal(&l, &before, sizeof(l));
	}
}

TESTS(unit(lease__all_of_it__is_read), unit(lease__nothing_but_an_address__will_do),
      unit(lease__address_of_its_own_net__is_one_of_32_bits),
      unit(lease__more_name_servers_than_there_is_room_for__the_first_count),
      unit(lease__router_or_name_server_that_no_host_can_be__is_left_out),
      unit(cut__list_that_is_too_long__ends_with_a_whole_address),
      unit(lease__what_is_no_address__is_refused_and_out_untouched))
