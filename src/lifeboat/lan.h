/* lifeboat/lan.h - the rescue address on the board's LAN ports. */
#pragma once

#include "plat/linux/machine/net.h"
#include "store/board.h"

/* lb_lan_up() with what the board file says. */
MUST_CHECK int lb_lan_up_for(struct lb_lan *lan, const struct lb_board *board);
/* The same when nobody is left whose network it could be: ports leave the bridges they are in. */
MUST_CHECK int lb_lan_take_for(struct lb_lan *lan, const struct lb_board *board);
