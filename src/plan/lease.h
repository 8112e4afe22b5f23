/* plan/lease.h - what a DHCP server gave (pure). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"

struct lb_lease {
	uint32_t address; /* these three in host byte order */
	uint32_t router;  /* the first that was named; 0 = none: the net ends at its own edge */
	uint32_t dns[LB_DNS_MAX]; /* the first ones of those that a host can have */
	size_t dns_count;
	unsigned prefix_bits; /* 1 to 32; 24 when the server said nothing */
};

/* Lines NAME=VALUE, of which ip, subnet, router and dns count: names and values are udhcpc's, lists
 * have blanks between their addresses. A router or name server with an address that no host can
 * have (0.x, 127.x, from 224.x on) is left out. 0, or LB_E(FORMAT): no address of a host for us, or
 * something that is no address where one should be; then `out` is untouched. */
MUST_CHECK int lb_lease_parse(struct lb_lease *out, const void *text, size_t n);

/* How many bytes of a list with blanks between its addresses are to be kept when there is room for
 * `max`: whole addresses, as many as fit. */
size_t lb_lease_cut(const char *list, size_t max);
