#include "lifeboat/lan.h"

#include <string.h>

struct ports {
	char names[LB_LAN_PORTS_MAX][LB_IFNAME_MAX];
	size_t count;
};

static bool has(const char (*names)[LB_IFNAME_MAX], size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Those of `names` that are none of `others`. */
static struct ports without(const char (*names)[LB_IFNAME_MAX], size_t count,
			    const char (*others)[LB_IFNAME_MAX], size_t other_count)
{
	struct ports out = {.count = 0};

	for (size_t i = 0; i < count; i++)
		if (!has(others, other_count, names[i]))
			memcpy(out.names[out.count++], names[i], LB_IFNAME_MAX);
	return out;
}

static int up(struct lb_lan *lan, const struct lb_board *b)
{
	const struct ports wan =
		without(b->wan_ports, b->wan_port_count, b->lan_ports, b->lan_port_count);
	const struct lb_lan_config config = {
		.ports = b->lan_ports,
		.port_count = b->lan_port_count,
		.wan_ports = wan.names,
		.wan_port_count = wan.count,
		.address = b->address,
		.prefix_bits = b->prefix_bits,
	};

	return lb_lan_up(lan, &config);
}

static int up_beside_wan(struct lb_lan *lan, const struct lb_board *b, bool take)
{
	const struct ports only_lan =
		without(b->lan_ports, b->lan_port_count, b->wan_ports, b->wan_port_count);
	const struct lb_lan_config config = {
		.ports = only_lan.names,
		.port_count = only_lan.count,
		.wan_ports = b->wan_ports,
		.wan_port_count = b->wan_port_count,
		.address = b->address,
		.prefix_bits = b->prefix_bits,
		.take = take,
	};

	/* An empty list would mean the first Ethernet port, which the board has not named. */
	if (b->lan_port_count > 0 && only_lan.count == 0)
		return LB_E(BUSY);
	return lb_lan_up(lan, &config);
}

int lb_lan_up_for(struct lb_machine *m, const struct lb_board *board)
{
	return m->wan_taken ? up_beside_wan(&m->lan, board, false) : up(&m->lan, board);
}

int lb_lan_take_for(struct lb_machine *m, const struct lb_board *board)
{
	return up_beside_wan(&m->lan, board, true);
}
