#include "plat/linux/machine/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/files/files.h"

static int open_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static struct ifreq named(const char *device)
{
	struct ifreq r = {0};

	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", device);
	return r;
}

static int switch_port(const char *device, bool up)
{
	CLEANUP(lb_fd_closep) int sock = open_socket();
	struct ifreq r = named(device);

	if (sock < 0 || ioctl(sock, SIOCGIFFLAGS, &r) < 0)
		return lb_err_from_errno(errno);
	r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
	return ioctl(sock, SIOCSIFFLAGS, &r) < 0 ? lb_err_from_errno(errno) : 0;
}

/* accept_ra 2: also where somebody made this machine forward packets. */
static void allow_ipv6(const char *device)
{
	static const struct {
		const char *name, *value;
	} switches[] = {{"disable_ipv6", "0"}, {"accept_ra", "2"}, {"autoconf", "1"}};
	char path[LB_PATH_MAX];

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", device,
			       switches[i].name);
		if (lb_file_poke(path, switches[i].value) < 0)
			log_debug("%s stays as it is", path);
	}
}

int lb_port_up(const char *device)
{
	allow_ipv6(device);
	return switch_port(device, true);
}

void lb_port_down(const char *device)
{
	if (switch_port(device, false) < 0)
		log_debug("the port '%s' stays up", device);
}

static struct sockaddr inet(uint32_t address)
{
	const struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	struct sockaddr out;

	_Static_assert(sizeof(in) == sizeof(out), "the one is a form of the other");
	memcpy(&out, &in, sizeof(out));
	return out;
}

static int set_inet(int sock, const char *device, unsigned long request, uint32_t value)
{
	struct ifreq r = named(device);

	r.ifr_addr = inet(value);
	return ioctl(sock, request, &r) < 0 ? lb_err_from_errno(errno) : 0;
}

static int add_route(int sock, const char *device, uint32_t to, uint32_t mask, uint32_t router)
{
	char name[LB_IFNAME_MAX];
	struct rtentry r = {.rt_dst = inet(to),
			    .rt_genmask = inet(mask),
			    .rt_gateway = inet(router),
			    .rt_flags = RTF_UP,
			    .rt_dev = name};

	(void)snprintf(name, sizeof(name), "%s", device);
	if (router)
		r.rt_flags |= RTF_GATEWAY;
	if (mask == UINT32_MAX)
		r.rt_flags |= RTF_HOST;
	return ioctl(sock, SIOCADDRT, &r) < 0 && errno != EEXIST ? lb_err_from_errno(errno) : 0;
}

int lb_port_take_lease(const char *device, const struct lb_lease *lease)
{
	CLEANUP(lb_fd_closep) int sock = open_socket();
	const uint32_t mask = UINT32_MAX << (32 - lease->prefix_bits);
	int rc;

	if (sock < 0)
		return lb_err_from_errno(errno);
	rc = set_inet(sock, device, SIOCSIFADDR, lease->address);
	if (rc == 0)
		rc = set_inet(sock, device, SIOCSIFNETMASK, mask);
	if (rc == 0)
		rc = set_inet(sock, device, SIOCSIFBRDADDR, lease->address | ~mask);
	if (rc == 0 && lease->router && ((lease->router ^ lease->address) & mask))
		rc = add_route(sock, device, lease->router, UINT32_MAX, 0);
	if (rc == 0 && lease->router)
		rc = add_route(sock, device, 0, 0, lease->router);
	return rc;
}
