#include "plat/linux/machine/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/files/files.h"

#define ARP_IGNORE "/proc/sys/net/ipv4/conf/all/arp_ignore"

static struct ifreq named(const char *device)
{
	struct ifreq r = {0};

	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", device);
	return r;
}

static int set_up(int sock, const char *device, bool up)
{
	struct ifreq r = named(device);

	if (ioctl(sock, SIOCGIFFLAGS, &r) < 0)
		return lb_err_from_errno(errno);
	r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
	return ioctl(sock, SIOCSIFFLAGS, &r) < 0 ? lb_err_from_errno(errno) : 0;
}

static int set_inet(int sock, const char *device, unsigned long request, uint32_t value)
{
	struct ifreq r = named(device);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(value)};

	memcpy(&r.ifr_addr, &in, sizeof(in));
	return ioctl(sock, request, &r) < 0 ? lb_err_from_errno(errno) : 0;
}

static bool has(const char *device, const char *what)
{
	char path[LB_PATH_MAX];

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/%s", device, what);
	return access(path, F_OK) == 0;
}

/* A port that a cable fits into. Bridges, tunnels and the like have no /device link, wireless has a
 * PHY, and below a conduit (dsa) lies a switch whose ports are network devices of their own. */
static bool is_cable_port(int sock, const char *device)
{
	struct ifreq r = named(device);

	return ioctl(sock, SIOCGIFHWADDR, &r) == 0 && r.ifr_hwaddr.sa_family == ARPHRD_ETHER &&
	       has(device, "device") && !has(device, "phy80211") && !has(device, "dsa");
}

static bool is_listed(const char *device, const char list[][LB_IFNAME_MAX], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(device, list[i]) == 0)
			return true;
	return false;
}

/* The Ethernet port that the kernel found first and that is no WAN port. */
static bool first_ethernet(const struct lb_lan_config *config, int sock, char out[LB_IFNAME_MAX])
{
	struct if_nameindex *all = if_nameindex();
	bool found = false;

	for (struct if_nameindex *i = all; i && i->if_index && !found; i++) {
		found = is_cable_port(sock, i->if_name) &&
			!is_listed(i->if_name, config->wan_ports, config->wan_port_count);
		if (found)
			(void)snprintf(out, LB_IFNAME_MAX, "%s", i->if_name);
	}
	if_freenameindex(all);
	return found;
}

static void choose_ports(struct lb_lan *lan, int sock, const struct lb_lan_config *config)
{
	for (size_t i = 0; i < config->port_count; i++) {
		const char *port = config->ports[i];

		if (is_listed(port, config->wan_ports, config->wan_port_count))
			continue; /* it is both, and WAN now */
		if (if_nametoindex(port) == 0) {
			log_warn("this machine has no LAN port '%s': going on without it", port);
			continue;
		}
		memcpy(lan->ports[lan->port_count++], port, LB_IFNAME_MAX);
	}
	if (lan->port_count == 0 && first_ethernet(config, sock, lan->ports[0])) {
		lan->port_count = 1;
		if (config->port_count > 0)
			log_warn("none of the board's LAN ports is here: taking '%s'",
				 lan->ports[0]);
	}
}

static void delete_bridge(int sock)
{
	if (set_up(sock, LB_BRIDGE, false) < 0 || ioctl(sock, SIOCBRDELBR, LB_BRIDGE) < 0)
		log_warn("the bridge %s stays: %s", LB_BRIDGE, strerror(errno));
}

/* A port that the bridge does not take costs that port. LB_E(...) without any bridge: not even one
 * port is in it. */
static int bridge_ports(const struct lb_lan *lan, int sock)
{
	size_t taken = 0;

	if (ioctl(sock, SIOCBRADDBR, LB_BRIDGE) < 0 && errno != EEXIST)
		return lb_err_from_errno(errno);
	/* Without this a port would learn for 15 s before it forwards: longer than the window is
	 * open. */
	if (lb_file_poke("/sys/class/net/" LB_BRIDGE "/bridge/forward_delay", "0") < 0)
		log_debug("the bridge keeps its forward delay");
	for (size_t i = 0; i < lan->port_count; i++) {
		struct ifreq r = named(LB_BRIDGE);

		r.ifr_ifindex = (int)if_nametoindex(lan->ports[i]);
		if (ioctl(sock, SIOCBRADDIF, &r) == 0)
			taken++;
		else
			log_warn("LAN port '%s' cannot be bridged (%s): going on without it",
				 lan->ports[i], strerror(errno));
	}
	if (taken > 0)
		return 0;
	delete_bridge(sock);
	return LB_E(UNSUP);
}

/* Linux answers for any of its addresses on any of its ports: one that the kernel brought up (ip=
 * on its command line) would give the rescue address away to the WAN. */
static void keep_address_to_itself(struct lb_lan *lan)
{
	char ignore[8];

	if (lb_file_read(ARP_IGNORE, ignore, sizeof(ignore)) < 0 ||
	    lb_file_poke(ARP_IGNORE, "1") < 0)
		log_debug("ARP of other ports stays as it is");
	else
		(void)snprintf(lan->arp_ignore_before, sizeof(lan->arp_ignore_before), "%s",
			       ignore);
}

static int set_address(const struct lb_lan *lan, int sock, uint32_t mask)
{
	int rc = set_up(sock, lan->device, true);

	if (rc == 0)
		rc = set_inet(sock, lan->device, SIOCSIFADDR, lan->address);
	if (rc == 0)
		rc = set_inet(sock, lan->device, SIOCSIFNETMASK, mask);
	if (rc == 0)
		rc = set_inet(sock, lan->device, SIOCSIFBRDADDR, lan->broadcast);
	/* The broadcast address may be in the net of another port too. */
	if (rc == 0 && setsockopt(sock, SOL_SOCKET, SO_BINDTODEVICE, lan->device,
				  (socklen_t)strlen(lan->device)) < 0)
		rc = lb_err_from_errno(errno);
	return rc;
}

static int configure(struct lb_lan *lan, int sock, unsigned prefix_bits)
{
	uint32_t mask = ~(uint32_t)0 << (32 - prefix_bits);
	const char *device = lan->ports[0];

	lan->broadcast = lan->address | ~mask;
	if (lan->port_count > 1 && bridge_ports(lan, sock) == 0)
		device = LB_BRIDGE;
	else if (lan->port_count > 1)
		log_warn(
			"the LAN ports cannot be bridged (is the bridge module there?): only '%s' answers",
			device);
	(void)snprintf(lan->device, sizeof(lan->device), "%s", device);
	keep_address_to_itself(lan);
	for (size_t i = 0; i < lan->port_count; i++)
		if (set_up(sock, lan->ports[i], true) < 0)
			log_warn("LAN port '%s' does not come up", lan->ports[i]);
	return set_address(lan, sock, mask);
}

/* A port of another bridge would take nothing of ours, and hear nothing. */
static void leave_bridge(int sock, const char *port)
{
	struct ifreq r;
	char link[LB_PATH_MAX], to[LB_PATH_MAX], bridge[LB_IFNAME_MAX];
	const char *last;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/sys/class/net/%s/master", port);
	n = readlink(link, to, sizeof(to) - 1);
	if (n < 0)
		return;
	to[n] = '\0';
	last = strrchr(to, '/') ? strrchr(to, '/') + 1 : to;
	(void)snprintf(bridge, sizeof(bridge), "%.*s", LB_IFNAME_MAX - 1, last);
	r = named(bridge);
	r.ifr_ifindex = (int)if_nametoindex(port);
	if (ioctl(sock, SIOCBRDELIF, &r) < 0 || set_up(sock, bridge, false) < 0)
		log_debug("LAN port '%s' stays with '%s': %s", port, bridge, strerror(errno));
}

int lb_lan_up(struct lb_lan *lan, const struct lb_lan_config *config)
{
	CLEANUP(lb_fd_closep)
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct lb_lan made = {.address = config->address, .socket = -1};
	int yes = 1;
	int rc;

	if (sock < 0 || setsockopt(sock, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes)) < 0)
		return lb_err_from_errno(errno);
	choose_ports(&made, sock, config);
	if (made.port_count == 0)
		return LB_E(NOENT);
	for (size_t i = 0; config->take && i < made.port_count; i++)
		leave_bridge(sock, made.ports[i]);
	rc = set_up(sock, "lo", true);
	if (rc == 0)
		rc = configure(&made, sock, config->prefix_bits);
	if (rc < 0) {
		lb_lan_down(&made);
		return rc;
	}
	made.socket = lb_fd_take(&sock);
	*lan = made;
	return 0;
}

void lb_lan_down(struct lb_lan *lan)
{
	CLEANUP(lb_fd_closep) int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int undone = 0;

	if (sock < 0 || !lan->device[0])
		return;
	/* Each step is tried even if one before it failed: it is the way back. */
	undone |= set_inet(sock, lan->device, SIOCSIFADDR, 0);
	undone |= set_up(sock, lan->device, false);
	if (strcmp(lan->device, LB_BRIDGE) == 0 && ioctl(sock, SIOCBRDELBR, LB_BRIDGE) < 0)
		undone = lb_err_from_errno(errno);
	for (size_t i = 0; i < lan->port_count; i++)
		undone |= set_up(sock, lan->ports[i], false);
	if (lan->arp_ignore_before[0])
		undone |= lb_file_poke(ARP_IGNORE, lan->arp_ignore_before);
	if (undone < 0)
		log_warn("the rescue address could not be taken away completely from %s",
			 lan->device);
	if (lan->socket >= 0)
		(void)close(lan->socket);
	*lan = (struct lb_lan){.socket = -1};
}

void lb_lan_broadcast(const struct lb_lan *lan, uint16_t port, const void *data, size_t n)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(lan->broadcast)};

	if (lan->socket >= 0 &&
	    sendto(lan->socket, data, n, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		log_debug("a datagram to the LAN was not sent: %s", strerror(errno));
}

int lb_net_mac(const char *device, char out[18])
{
	char path[LB_PATH_MAX];

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/address", device);
	return lb_file_read(path, out, 18);
}
