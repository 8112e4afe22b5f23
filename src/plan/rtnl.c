#include "plan/rtnl.h"

/* linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h, linux/icmpv6.h: part of the kernel's ABI. */
#define HEADER_BYTES   16
#define NEWLINK	       16
#define NEWADDR	       20
#define NEWROUTE       24
#define NEWUSEROPT     68

#define FAMILY_INET6   10
#define LINK_LOWER_UP  0x10000
#define ADDR_FLAGS     8
#define ADDR_TENTATIVE 0x40
#define ADDR_FAILED    0x08
#define SCOPE_UNIVERSE 0
#define TABLE_MAIN     254
#define ROUTE_OIF      4
#define ROUTE_GATEWAY  5
#define RA_TYPE	       134
#define OPTION_RDNSS   25

static uint64_t host(struct lb_rd *r, size_t width)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return lb_rd_le(r, width);
#else
	return lb_rd_be(r, width);
#endif
}

/* Each starts at a multiple of 4. */
static void align(struct lb_rd *r, size_t n)
{
	const size_t pad = -n & 3;

	(void)lb_rd_take(r, pad < lb_rd_left(r) ? pad : lb_rd_left(r));
}

static bool next_attribute(struct lb_rd *r, unsigned *type, struct lb_rd *value)
{
	const size_t n = (size_t)host(r, 2);

	*type = (unsigned)host(r, 2);
	if (r->bad || n < 4)
		return false;
	*value = lb_rd_sub(r, n - 4);
	align(r, n);
	return !value->bad;
}

static void read_link(struct lb_rtnl_event *out, struct lb_rd *m)
{
	uint32_t index, flags;

	(void)lb_rd_take(m, 4);
	index = (uint32_t)host(m, 4);
	flags = (uint32_t)host(m, 4);
	(void)lb_rd_take(m, 4);
	if (m->bad)
		return;
	*out = (struct lb_rtnl_event){
		.kind = LB_RTNL_LINK, .index = index, .yes = flags & LINK_LOWER_UP};
}

static void read_addr(struct lb_rtnl_event *out, struct lb_rd *m)
{
	const uint8_t family = lb_rd_u8(m);
	uint32_t flags, index;
	struct lb_rd value;
	unsigned type;
	uint8_t scope;

	(void)lb_rd_u8(m);
	flags = lb_rd_u8(m);
	scope = lb_rd_u8(m);
	index = (uint32_t)host(m, 4);
	if (m->bad || family != FAMILY_INET6 || scope != SCOPE_UNIVERSE)
		return;
	while (next_attribute(m, &type, &value))
		if (type == ADDR_FLAGS)
			flags = (uint32_t)host(&value, 4);
	*out = (struct lb_rtnl_event){.kind = LB_RTNL_ADDR6,
				      .index = index,
				      .yes = !(flags & (ADDR_TENTATIVE | ADDR_FAILED))};
}

static void read_route(struct lb_rtnl_event *out, struct lb_rd *m)
{
	const uint8_t family = lb_rd_u8(m), bits = lb_rd_u8(m);
	bool has_gateway = false;
	struct lb_rd value;
	uint32_t index = 0;
	uint8_t table;
	unsigned type;

	(void)lb_rd_take(m, 2);
	table = lb_rd_u8(m);
	(void)lb_rd_take(m, 7);
	if (m->bad || family != FAMILY_INET6 || bits != 0 || table != TABLE_MAIN)
		return;
	while (next_attribute(m, &type, &value)) {
		has_gateway |= type == ROUTE_GATEWAY;
		if (type == ROUTE_OIF)
			index = (uint32_t)host(&value, 4);
	}
	if (has_gateway)
		*out = (struct lb_rtnl_event){.kind = LB_RTNL_ROUTE6, .index = index, .yes = true};
}

static void read_servers(struct lb_rtnl_event *out, struct lb_rd *option)
{
	(void)lb_rd_take(option, 2);
	out->yes = lb_rd_be32(option) > 0; /* a lifetime of 0 takes them back */
	while (lb_rd_left(option) >= 16) {
		const uint8_t *address = lb_rd_take(option, 16);

		if (address && out->dns_count < LB_DNS_MAX)
			memcpy(out->dns[out->dns_count++], address, 16);
	}
}

static void read_option(struct lb_rtnl_event *out, struct lb_rd *m)
{
	const uint8_t family = lb_rd_u8(m);
	struct lb_rtnl_event e = {.kind = LB_RTNL_DNS6};
	struct lb_rd option;
	uint8_t icmp, type;
	size_t bytes;

	(void)lb_rd_take(m, 3);
	e.index = (uint32_t)host(m, 4);
	icmp = lb_rd_u8(m);
	(void)lb_rd_take(m, 7);
	type = lb_rd_u8(m);
	bytes = (size_t)lb_rd_u8(m) * 8;
	if (m->bad || family != FAMILY_INET6 || icmp != RA_TYPE || type != OPTION_RDNSS ||
	    bytes < 24)
		return;
	option = lb_rd_sub(m, bytes - 2);
	if (option.bad)
		return;
	read_servers(&e, &option);
	*out = e;
}

bool lb_rtnl_next(struct lb_rtnl_event *out, struct lb_rd *r)
{
	const size_t n = (size_t)host(r, 4);
	const unsigned type = (unsigned)host(r, 2);
	struct lb_rd m;

	*out = (struct lb_rtnl_event){0};
	(void)lb_rd_take(r, HEADER_BYTES - 6);
	if (r->bad || n < HEADER_BYTES)
		return false;
	m = lb_rd_sub(r, n - HEADER_BYTES);
	if (m.bad)
		return false;
	align(r, n);
	if (type == NEWLINK)
		read_link(out, &m);
	else if (type == NEWADDR)
		read_addr(out, &m);
	else if (type == NEWROUTE)
		read_route(out, &m);
	else if (type == NEWUSEROPT)
		read_option(out, &m);
	return true;
}
