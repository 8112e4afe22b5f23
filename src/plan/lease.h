/* plan/lease.h - what a DHCP server gave (pure). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"

struct lb_lease {
	uint32_t address; /* these three in host byte order */
	uint32_t router;  /* the first that was named; 0 = none: the net ends at its own edge */
	uint32_t dns[LB_DNS_MAX];
	size_t dns_count;
	unsigned prefix_bits; /* 1 to 32; 24 when the server said nothing */
};

/* Lines NAME=VALUE, of which ip, subnet, router and dns count: names and values are udhcpc's, lists
 * have blanks between their addresses. 0, or LB_E(FORMAT): no address of a host, or something that
 * is none where one should be; then `out` is untouched. */
MUST_CHECK int lb_lease_parse(struct lb_lease *out, const void *text, size_t n);
