#include "tests/t.h"

#include <arpa/inet.h>
#include <linux/icmpv6.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

#include "plan/rtnl.h"

_Static_assert(LB_RTNL_GROUPS == (RTMGRP_LINK | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE |
				  1u << (RTNLGRP_ND_USEROPT - 1)),
	       "the kernel's own numbers");

#define PORT 7

/* A message as the kernel makes it. */
struct message {
	_Alignas(4) uint8_t bytes[512];
	size_t n;
};

static void put(struct message *m, const void *data, size_t n)
{
	memcpy(m->bytes + m->n, data, n);
	m->n += (n + 3) & ~(size_t)3;
}

static struct message message(uint16_t type, const void *body, size_t n)
{
	struct message m = {.n = sizeof(struct nlmsghdr)};
	struct nlmsghdr head = {.nlmsg_type = type};

	put(&m, body, n);
	head.nlmsg_len = (uint32_t)m.n;
	memcpy(m.bytes, &head, sizeof(head));
	return m;
}

static void add(struct message *m, uint16_t type, const void *value, size_t n)
{
	const struct rtattr a = {.rta_len = (uint16_t)RTA_LENGTH(n), .rta_type = type};
	struct nlmsghdr head;

	put(m, &a, sizeof(a));
	put(m, value, n);
	memcpy(&head, m->bytes, sizeof(head));
	head.nlmsg_len = (uint32_t)m->n;
	memcpy(m->bytes, &head, sizeof(head));
}

static struct lb_rtnl_event only(const struct message *m)
{
	struct lb_rd r = lb_rd_init(m->bytes, m->n);
	struct lb_rtnl_event e, none;

	assert_true(lb_rtnl_next(&e, &r));
	assert_false(lb_rtnl_next(&none, &r));
	return e;
}

static void rtnl__link__comes_and_goes(void **state)
{
	struct ifinfomsg body = {.ifi_index = PORT, .ifi_flags = IFF_UP | IFF_LOWER_UP};
	struct message m = message(RTM_NEWLINK, &body, sizeof(body));
	struct lb_rtnl_event e = only(&m);

	assert_int_equal(e.kind, LB_RTNL_LINK);
	assert_int_equal(e.index, PORT);
	assert_true(e.yes);
	body.ifi_flags = IFF_UP;
	m = message(RTM_NEWLINK, &body, sizeof(body));
	e = only(&m);
	assert_int_equal(e.kind, LB_RTNL_LINK);
	assert_false(e.yes);
}

static struct lb_rtnl_event addr(uint8_t family, uint8_t scope, uint32_t flags)
{
	const struct ifaddrmsg body = {
		.ifa_family = family, .ifa_scope = scope, .ifa_flags = 0x80, .ifa_index = PORT};
	struct message m = message(RTM_NEWADDR, &body, sizeof(body));
	const uint8_t address[16] = {0x20, 0x01, 0x0D, 0xB8};

	add(&m, IFA_ADDRESS, address, sizeof(address));
	add(&m, IFA_LABEL, "wan0", 5); /* the next one starts at a multiple of 4 all the same */
	add(&m, IFA_FLAGS, &flags, sizeof(flags));
	return only(&m);
}

static void rtnl__address__counts_when_it_is_global_and_nobody_elses(void **state)
{
	const struct lb_rtnl_event e = addr(AF_INET6, RT_SCOPE_UNIVERSE, 0);

	assert_int_equal(e.kind, LB_RTNL_ADDR6);
	assert_int_equal(e.index, PORT);
	assert_true(e.yes);
	assert_false(addr(AF_INET6, RT_SCOPE_UNIVERSE, IFA_F_TENTATIVE).yes);
	assert_false(addr(AF_INET6, RT_SCOPE_UNIVERSE, IFA_F_DADFAILED).yes);
	assert_int_equal(addr(AF_INET6, RT_SCOPE_LINK, 0).kind, LB_RTNL_OTHER);
	assert_int_equal(addr(AF_INET, RT_SCOPE_UNIVERSE, 0).kind, LB_RTNL_OTHER);
}

static struct lb_rtnl_event route(uint8_t bits, uint8_t table, bool gateway)
{
	const struct rtmsg body = {.rtm_family = AF_INET6, .rtm_dst_len = bits, .rtm_table = table};
	struct message m = message(RTM_NEWROUTE, &body, sizeof(body));
	const uint8_t router[16] = {0xFE, 0x80};
	const uint32_t port = PORT;

	if (gateway)
		add(&m, RTA_GATEWAY, router, sizeof(router));
	add(&m, RTA_OIF, &port, sizeof(port));
	return only(&m);
}

static void rtnl__route__is_a_way_out_only_through_a_router_to_everywhere(void **state)
{
	const struct lb_rtnl_event e = route(0, RT_TABLE_MAIN, true);

	assert_int_equal(e.kind, LB_RTNL_ROUTE6);
	assert_int_equal(e.index, PORT);
	assert_int_equal(route(64, RT_TABLE_MAIN, true).kind, LB_RTNL_OTHER);
	assert_int_equal(route(0, RT_TABLE_LOCAL, true).kind, LB_RTNL_OTHER);
	assert_int_equal(route(0, RT_TABLE_MAIN, false).kind, LB_RTNL_OTHER);
}

/* An option of a router's advertisement, as it came over the wire. */
static struct message option(uint8_t type, unsigned servers, uint32_t lifetime_s)
{
	const struct nduseroptmsg body = {
		.nduseropt_family = AF_INET6,
		.nduseropt_opts_len = (uint16_t)(8 + 16 * servers),
		.nduseropt_ifindex = PORT,
		.nduseropt_icmp_type = 134,
	};
	uint8_t all[sizeof(body) + 8 + 16 * 8] = {0};
	const uint32_t lifetime = htonl(lifetime_s);

	memcpy(all, &body, sizeof(body));
	all[sizeof(body)] = type;
	all[sizeof(body) + 1] = (uint8_t)(1 + 2 * servers);
	memcpy(all + sizeof(body) + 4, &lifetime, sizeof(lifetime));
	for (unsigned i = 0; i < servers; i++)
		all[sizeof(body) + 8 + 16 * i + 15] = (uint8_t)(i + 1);
	return message(RTM_NEWNDUSEROPT, all, sizeof(body) + 8 + 16 * servers);
}

static void rtnl__name_servers__are_those_of_the_advertisement(void **state)
{
	const struct message two = option(25, 2, 600), gone = option(25, 1, 0),
			     five = option(25, 5, 600), other = option(31, 2, 600);
	const struct lb_rtnl_event e = only(&two);

	assert_int_equal(e.kind, LB_RTNL_DNS6);
	assert_int_equal(e.index, PORT);
	assert_true(e.yes);
	assert_int_equal(e.dns_count, 2);
	assert_int_equal(e.dns[0][15], 1);
	assert_int_equal(e.dns[1][15], 2);
	assert_false(only(&gone).yes);
	assert_int_equal(only(&five).dns_count, LB_DNS_MAX);
	assert_int_equal(only(&other).kind, LB_RTNL_OTHER);
}

static void rtnl__several_in_one_read__each_is_told(void **state)
{
	const struct message first = option(25, 1, 600);
	struct ifinfomsg body = {.ifi_index = PORT};
	const struct message second = message(RTM_NEWLINK, &body, sizeof(body));
	uint8_t both[1024];
	struct lb_rtnl_event e;
	struct lb_rd r;

	memcpy(both, first.bytes, first.n);
	memcpy(both + first.n, second.bytes, second.n);
	r = lb_rd_init(both, first.n + second.n);
	assert_true(lb_rtnl_next(&e, &r));
	assert_int_equal(e.kind, LB_RTNL_DNS6);
	assert_true(lb_rtnl_next(&e, &r));
	assert_int_equal(e.kind, LB_RTNL_LINK);
	assert_false(lb_rtnl_next(&e, &r));
}

static void rtnl__every_truncation__is_the_end(void **state)
{
	const struct message m = option(25, 2, 600);
	struct lb_rtnl_event e;

	for (size_t n = 0; n < m.n; n++) {
		struct lb_rd r = lb_rd_init(m.bytes, n);

		assert_false(lb_rtnl_next(&e, &r));
		assert_int_equal(e.kind, LB_RTNL_OTHER);
	}
}

static void rtnl__option_longer_than_its_message__is_nothing(void **state)
{
	struct message m = option(25, 2, 600);

	m.bytes[sizeof(struct nlmsghdr) + sizeof(struct nduseroptmsg) + 1] += 2;
	assert_int_equal(only(&m).kind, LB_RTNL_OTHER);
}

TESTS(unit(rtnl__link__comes_and_goes),
      unit(rtnl__address__counts_when_it_is_global_and_nobody_elses),
      unit(rtnl__route__is_a_way_out_only_through_a_router_to_everywhere),
      unit(rtnl__name_servers__are_those_of_the_advertisement),
      unit(rtnl__several_in_one_read__each_is_told), unit(rtnl__every_truncation__is_the_end),
      unit(rtnl__option_longer_than_its_message__is_nothing))
