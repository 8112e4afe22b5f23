/* plat/linux/machine/port.h - one port as a host has it: up, with addresses and a way out. */
#pragma once

#include "base/err.h"
#include "plan/lease.h"

/* The port comes up, and the kernel configures IPv6 by itself from what a router advertises. 0 or
 * LB_E(NOENT|AUTH|IO). */
MUST_CHECK int lb_port_up(const char *device);
void lb_port_down(const char *device);

/* Address and way out, as DHCP gave them; the router may be in another net than the address. 0 or
 * LB_E(...). */
MUST_CHECK int lb_port_take_lease(const char *device, const struct lb_lease *lease);
