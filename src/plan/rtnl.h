/* plan/rtnl.h - what the kernel tells of the network over a rtnetlink socket, as far as one who
 * wants to get online has to know it (rtnetlink(7); name servers: RFC 8106, section 5.1; pure).
 *
 * The kernel configures IPv6 by itself from what a router advertises, all but the name servers,
 * which it passes on. Numbers are in the byte order of the machine but for what came over the wire.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "tables/limits.h"

/* Groups of messages to bind to: bit N - 1 of nl_groups for the first 32. */
#define LB_RTNL_GROUPS (1u << (1 - 1) | 1u << (9 - 1) | 1u << (11 - 1) | 1u << (20 - 1))

enum lb_rtnl_kind {
	LB_RTNL_OTHER,	/* nothing of the below */
	LB_RTNL_LINK,	/* `yes`: there is somebody at the other end of the cable */
	LB_RTNL_ADDR6,	/* an address that others can answer to, and nobody else has it */
	LB_RTNL_ROUTE6, /* a way out */
	LB_RTNL_DNS6,	/* name servers */
};

struct lb_rtnl_event {
	enum lb_rtnl_kind kind;
	uint32_t index; /* of the network device */
	bool yes;
	uint8_t dns[LB_DNS_MAX][16];
	size_t dns_count;
};

/* The next message of what one read() gave. false at the end, or where something does not fit into
 * what is left: the rest is skipped. */
bool lb_rtnl_next(struct lb_rtnl_event *out, struct lb_rd *r);
