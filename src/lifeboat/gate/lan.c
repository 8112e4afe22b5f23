#include "lifeboat/gate/lan.h"

int lb_lan_up_for(struct lb_lan *lan, const struct lb_board *board)
{
	const struct lb_lan_config config = {
		.ports = board->lan_ports,
		.port_count = board->lan_port_count,
		.wan_ports = board->wan_ports,
		.wan_port_count = board->wan_port_count,
		.address = board->address,
		.prefix_bits = board->prefix_bits,
	};

	return lb_lan_up(lan, &config);
}
