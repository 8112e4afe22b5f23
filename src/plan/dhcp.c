#include "plan/dhcp.h"

#include <stdbool.h>

#define USUAL_FIRST 100u
#define USUAL_LAST  200u

static struct lb_dhcp_range above(uint32_t own, uint32_t last_host)
{
	uint32_t room = last_host - own - 1;

	if (room > USUAL_LAST - USUAL_FIRST)
		room = USUAL_LAST - USUAL_FIRST;
	return (struct lb_dhcp_range){own + 1, own + 1 + room};
}

static struct lb_dhcp_range below(uint32_t own, uint32_t first_host)
{
	uint32_t room = own - 1 - first_host;

	if (room > USUAL_LAST - USUAL_FIRST)
		room = USUAL_LAST - USUAL_FIRST;
	return (struct lb_dhcp_range){own - 1 - room, own - 1};
}

struct lb_dhcp_range lb_dhcp_range(uint32_t own, unsigned prefix_bits)
{
	uint32_t mask = ~(uint32_t)0 << (32 - prefix_bits);
	uint32_t net = own & mask;
	uint32_t last_host = (net | ~mask) - 1;
	bool usual_fits = last_host - net >= USUAL_LAST;

	if (usual_fits && (own < net + USUAL_FIRST || own > net + USUAL_LAST))
		return (struct lb_dhcp_range){net + USUAL_FIRST, net + USUAL_LAST};
	return last_host - own > own - net - 1 ? above(own, last_host) : below(own, net + 1);
}
