/* lifeboat/lan.h - the rescue address on the board's LAN ports. A port may be in both of its lists,
 * LAN and WAN: it is for a person who is let in, until the rescue mode "internet" has taken it. */
#pragma once

#include "plat/linux/machine/machine.h"
#include "store/board.h"

/* lb_lan_up() of m->lan with what the board file says. With m->wan_taken without the ports that are
 * WAN ports too; LB_E(BUSY) if all LAN ports of the board are such. */
MUST_CHECK int lb_lan_up_for(struct lb_machine *m, const struct lb_board *board);
/* The same when nobody is left whose network it could be: ports leave the bridges they are in. The
 * system's uplink may be in a port that is a WAN port too: always without those. */
MUST_CHECK int lb_lan_take_for(struct lb_machine *m, const struct lb_board *board);
