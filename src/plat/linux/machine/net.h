/* plat/linux/machine/net.h - the LAN side: a bridge over the LAN ports with the rescue address.
 * Never touches a WAN port. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"

#define LB_BRIDGE "br-rescue"

struct lb_lan {
	char device[LB_IFNAME_MAX]; /* what carries the address: the bridge, or the only port; "" =
				       down */
	char ports[LB_LAN_PORTS_MAX][LB_IFNAME_MAX];
	size_t port_count;
	uint32_t address, broadcast; /* host byte order */
	int socket;		     /* for broadcasts, -1 = down */
	char arp_ignore_before[8];   /* the kernel's setting, "" = not touched */
};

struct lb_lan_config {
	const char (*ports)[LB_IFNAME_MAX]; /* none: the first Ethernet port */
	size_t port_count;
	const char (*wan_ports)[LB_IFNAME_MAX]; /* never to be touched */
	size_t wan_port_count;
	uint32_t address;     /* host byte order */
	unsigned prefix_bits; /* 1 to 30 */
	bool take; /* ports that are in somebody's bridge leave it; that bridge goes down */
};

/* Bring the ports up under one address, for which no other port answers. Ports that this machine
 * does not have are said once and left out; with none left the first Ethernet port is taken that is
 * no WAN port and not wireless. LB_E(NOENT) when there is no port at all, LB_E(IO) when the kernel
 * refuses; then everything is down again. */
MUST_CHECK int lb_lan_up(struct lb_lan *lan, const struct lb_lan_config *config);

/* As if lb_lan_up had never been called: addresses gone, bridge gone, ports down. */
void lb_lan_down(struct lb_lan *lan);

/* One UDP datagram to the LAN's broadcast address. A lost datagram is no error: the next one comes
 * in a second. */
void lb_lan_broadcast(const struct lb_lan *lan, uint16_t port, const void *data, size_t n);

/* MAC address of a network device as "aa:bb:cc:dd:ee:ff". */
MUST_CHECK int lb_net_mac(const char *device, char out[18]);
