/* plan/dhcp.h - which addresses a rescue hands out to a PC that brings none (pure). */
#pragma once

#include <stdint.h>

struct lb_dhcp_range {
	uint32_t first, last; /* host byte order, both included */
};

/* Host addresses of the subnet of `own`, never `own` itself: .100 to .200 as on most routers where
 * that can be, else at most as many beside `own`, on its larger side. prefix_bits: 1 to 30. */
struct lb_dhcp_range lb_dhcp_range(uint32_t own, unsigned prefix_bits);
