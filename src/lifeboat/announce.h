/* lifeboat/announce.h - what the LAN is told: OpenWrt's datagram in the window, Lifeboat's own
 * in every state. */
#pragma once

#include "plat/linux/machine/net.h"
#include "tables/tables.h"

/* ctx: the struct lb_status to speak from. A lb_announcer of plat/linux/machine/machine.h. */
void lb_announce_status(void *ctx, const struct lb_lan *lan, enum lb_state state,
			enum lb_reason reason, unsigned left_ms);
