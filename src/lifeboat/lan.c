#include "lifeboat/lan.h"

static int up(struct lb_lan *lan, const struct lb_board *board, bool take)
{
	const struct lb_lan_config config = {
		.ports = board->lan_ports,
		.port_count = board->lan_port_count,
		.wan_ports = board->wan_ports,
		.wan_port_count = board->wan_port_count,
		.address = board->address,
		.prefix_bits = board->prefix_bits,
		.take = take,
	};

	return lb_lan_up(lan, &config);
}

int lb_lan_up_for(struct lb_lan *lan, const struct lb_board *board)
{
	return up(lan, board, false);
}

int lb_lan_take_for(struct lb_lan *lan, const struct lb_board *board)
{
	return up(lan, board, true);
}
