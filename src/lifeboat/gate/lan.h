/* lifeboat/gate/lan.h - the rescue address on the board's LAN ports. */
#pragma once

#include "plat/linux/machine/net.h"
#include "store/board.h"

/* lb_lan_up() with what the board file says. */
MUST_CHECK int lb_lan_up_for(struct lb_lan *lan, const struct lb_board *board);
