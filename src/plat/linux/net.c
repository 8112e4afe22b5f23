#include "plat/linux/net.h"

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
#include "plat/linux/files.h"

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

static bool is_ethernet(int sock, const char *device)
{
	struct ifreq r = named(device);
	char path[LB_PATH_MAX];

	/* Bridges, tunnels and the like have no /device link. */
	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/device", device);
	return ioctl(sock, SIOCGIFHWADDR, &r) == 0 && r.ifr_hwaddr.sa_family == ARPHRD_ETHER &&
	       access(path, F_OK) == 0;
}

/* The Ethernet port that the kernel found first. */
static bool first_ethernet(int sock, char out[LB_IFNAME_MAX])
{
	struct if_nameindex *all = if_nameindex();
	bool found = false;

	for (struct if_nameindex *i = all; i && i->if_index && !found; i++) {
		found = is_ethernet(sock, i->if_name);
		if (found)
			(void)snprintf(out, LB_IFNAME_MAX, "%s", i->if_name);
	}
	if_freenameindex(all);
	return found;
}

static void choose_ports(struct lb_lan *lan, int sock, const char ports[][LB_IFNAME_MAX],
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (if_nametoindex(ports[i]) == 0) {
			log_warn("this machine has no LAN port '%s': going on without it",
				 ports[i]);
			continue;
		}
		memcpy(lan->ports[lan->port_count++], ports[i], LB_IFNAME_MAX);
	}
	if (lan->port_count == 0 && first_ethernet(sock, lan->ports[0])) {
		lan->port_count = 1;
		if (count > 0)
			log_warn("none of the board's LAN ports is here: taking '%s'",
				 lan->ports[0]);
	}
}

static int bridge_ports(const struct lb_lan *lan, int sock)
{
	if (ioctl(sock, SIOCBRADDBR, LB_BRIDGE) < 0 && errno != EEXIST)
		return lb_err_from_errno(errno);
	/* Without this a port would learn for 15 s before it forwards: longer than the window is
	 * open. */
	if (lb_file_poke("/sys/class/net/" LB_BRIDGE "/bridge/forward_delay", "0") < 0)
		log_debug("the bridge keeps its forward delay");
	for (size_t i = 0; i < lan->port_count; i++) {
		struct ifreq r = named(LB_BRIDGE);

		r.ifr_ifindex = (int)if_nametoindex(lan->ports[i]);
		if (ioctl(sock, SIOCBRADDIF, &r) < 0 && errno != EBUSY)
			return lb_err_from_errno(errno);
	}
	return 0;
}

static int configure(struct lb_lan *lan, int sock, unsigned prefix_bits)
{
	uint32_t mask = ~(uint32_t)0 << (32 - prefix_bits);
	const char *device = lan->ports[0];
	int rc;

	lan->broadcast = lan->address | ~mask;
	if (lan->port_count > 1) {
		rc = bridge_ports(lan, sock);
		if (rc == 0)
			device = LB_BRIDGE;
		else
			log_warn(
				"the LAN ports cannot be bridged (is the bridge module there?): only '%s' answers",
				device);
	}
	(void)snprintf(lan->device, sizeof(lan->device), "%s", device);
	for (size_t i = 0; i < lan->port_count; i++)
		if ((rc = set_up(sock, lan->ports[i], true)) < 0)
			log_warn("LAN port '%s' does not come up", lan->ports[i]);
	rc = set_up(sock, device, true);
	if (rc == 0)
		rc = set_inet(sock, device, SIOCSIFADDR, lan->address);
	if (rc == 0)
		rc = set_inet(sock, device, SIOCSIFNETMASK, mask);
	if (rc == 0)
		rc = set_inet(sock, device, SIOCSIFBRDADDR, lan->broadcast);
	return rc;
}

int lb_lan_up(struct lb_lan *lan, const char ports[][LB_IFNAME_MAX], size_t count, uint32_t address,
	      unsigned prefix_bits)
{
	CLEANUP(lb_fd_closep)
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct lb_lan made = {.address = address, .socket = -1};
	int yes = 1;
	int rc;

	if (sock < 0 || setsockopt(sock, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes)) < 0)
		return lb_err_from_errno(errno);
	choose_ports(&made, sock, ports, count);
	if (made.port_count == 0)
		return LB_E(NOENT);
	rc = set_up(sock, "lo", true);
	if (rc == 0)
		rc = configure(&made, sock, prefix_bits);
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
