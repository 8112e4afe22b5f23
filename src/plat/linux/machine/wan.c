#include "plat/linux/machine/wan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "plan/rtnl.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/netns.h"
#include "plat/linux/machine/port.h"

#define RESOLV_CONF   "/etc/resolv.conf"
#define TELL_EVERY_MS 1000

PRINTF_LIKE(2, 3) static void tell(const struct lb_wan_config *config, const char *fmt, ...)
{
	char line[LB_SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	config->say(config->ctx, line);
}

/* --- what comes in */

static void add_server(struct lb_wan *w, const char *text)
{
	for (size_t i = 0; i < w->server_count; i++)
		if (strcmp(w->servers[i], text) == 0)
			return; /* advertised again and again */
	if (w->server_count < sizeof(w->servers) / sizeof(w->servers[0]))
		(void)snprintf(w->servers[w->server_count++], LB_ADDRESS_MAX, "%s", text);
}

static void take_servers6(struct lb_wan *w, const struct lb_rtnl_event *e)
{
	char text[LB_ADDRESS_MAX];

	for (size_t i = 0; i < e->dns_count; i++) {
		const bool is_local = e->dns[i][0] == 0xFE && (e->dns[i][1] & 0xC0) == 0x80;

		if (!inet_ntop(AF_INET6, e->dns[i], text, INET6_ADDRSTRLEN))
			continue;
		if (is_local)
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%%%s",
				       w->device);
		add_server(w, text);
	}
}

static void take_event(struct lb_wan *w, const struct lb_rtnl_event *e)
{
	if (e->index != if_nametoindex(w->device))
		return;
	if (e->kind == LB_RTNL_LINK)
		w->online.link = e->yes;
	else if (e->kind == LB_RTNL_ADDR6 && e->yes)
		w->online.address6 = true;
	else if (e->kind == LB_RTNL_ROUTE6)
		w->online.route6 = true;
	else if (e->kind == LB_RTNL_DNS6 && e->yes)
		take_servers6(w, e);
}

static void read_events(struct lb_wan *w)
{
	uint8_t buf[8192];
	const ssize_t n = recv(w->events, buf, sizeof(buf), MSG_DONTWAIT);
	struct lb_rd r = lb_rd_init(buf, n > 0 ? (size_t)n : 0);
	struct lb_rtnl_event e;

	while (lb_rtnl_next(&e, &r))
		take_event(w, &e);
}

static void read_lease(struct lb_wan *w)
{
	char text[1024];
	const ssize_t n = read(w->client.from, text, sizeof(text));

	if (n <= 0) {
		lb_dhcp_client_endp(&w->client);
		w->online.v4_over = true;
		return;
	}
	/* A renewal says the same once more. */
	if (w->online.v4 || lb_lease_parse(&w->lease, text, (size_t)n) < 0 ||
	    lb_port_take_lease(w->device, &w->lease) < 0)
		return;
	w->online.v4 = true;
	for (size_t i = 0; i < w->lease.dns_count; i++) {
		const struct in_addr in = {.s_addr = htonl(w->lease.dns[i])};
		char dotted[LB_ADDRESS_MAX];

		if (inet_ntop(AF_INET, &in, dotted, sizeof(dotted)))
			add_server(w, dotted);
	}
}

/* --- one port */

static int listen_to_kernel(struct lb_wan *w)
{
	const struct sockaddr_nl groups = {.nl_family = AF_NETLINK, .nl_groups = LB_RTNL_GROUPS};

	w->events = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (w->events < 0 || bind(w->events, (const struct sockaddr *)&groups, sizeof(groups)) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

/* Nothing is waited for without DHCP: IPv6 may do. */
static void ask_for_address(struct lb_wan *w, const struct lb_wan_config *config)
{
	int rc = lb_dhcp_client_start(&w->client, w->device, config->self, config->folder);

	if (rc == 0)
		return;
	w->online.v4_over = true;
	tell(config, "udhcpc, which gets an address by DHCP, %s: only IPv6 is left",
	     rc == LB_E(NOENT) ? "is not there" : "cannot be started");
}

static void wait_for_news(struct lb_wan *w, const struct lb_wan_config *config, uint64_t wake_ms)
{
	struct pollfd from[] = {{.fd = w->events, .events = POLLIN},
				{.fd = w->client.from, .events = POLLIN}};
	const uint64_t now_ms = lb_monotonic_ms();
	const uint64_t left_ms = wake_ms > now_ms ? wake_ms - now_ms : 0;

	config->waits(config->ctx, w->online.link ? "an address" : "a link");
	if (poll(from, 2, (int)(left_ms < TELL_EVERY_MS ? left_ms : TELL_EVERY_MS)) <= 0)
		return;
	if (from[0].revents)
		read_events(w);
	if (from[1].revents)
		read_lease(w);
}

static enum lb_online_deed get_online(struct lb_wan *w, const struct lb_wan_config *config)
{
	bool asked = false;

	lb_online_begin(&w->online, lb_monotonic_ms());
	for (;;) {
		uint64_t wake_ms = 0;
		const enum lb_online_deed deed =
			lb_online_judge(&w->online, lb_monotonic_ms(), &wake_ms);

		if (deed != LB_ONLINE_WAIT)
			return deed;
		if (w->online.link && !asked) {
			asked = true;
			ask_for_address(w, config);
			continue;
		}
		wait_for_news(w, config, wake_ms);
	}
}

static void describe(const struct lb_wan *w, const struct lb_wan_config *config)
{
	const struct in_addr in = {.s_addr = htonl(w->lease.address)};
	char dotted[INET_ADDRSTRLEN] = "";

	if (w->online.v4)
		(void)inet_ntop(AF_INET, &in, dotted, sizeof(dotted));
	tell(config, "%s is online: %s%s%s", w->device, dotted,
	     w->online.v4 && w->online.route6 ? " and " : "",
	     w->online.address6 && w->online.route6 ? "IPv6" : "");
}

/* What was true before the port was switched off. */
static void forget_events(const struct lb_wan *w)
{
	uint8_t buf[64];

	while (recv(w->events, buf, sizeof(buf), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		;
}

static bool try_port(struct lb_wan *w, const struct lb_wan_config *config, const char *port,
		     char why[LB_SENTENCE_MAX])
{
	enum lb_online_deed deed;
	int rc;

	*w = (struct lb_wan){.events = w->events, .client.from = -1};
	forget_events(w);
	(void)snprintf(w->device, sizeof(w->device), "%s", port);
	rc = lb_port_up(port);
	if (rc < 0) {
		(void)snprintf(why, LB_SENTENCE_MAX, "the WAN port %s does not come up: it %s",
			       port, lb_strerror(rc));
		return false;
	}
	deed = get_online(w, config);
	if (deed == LB_ONLINE_YES)
		return true;
	(void)snprintf(why, LB_SENTENCE_MAX, "%s %s", port,
		       deed == LB_ONLINE_NO_LINK
			       ? "has no link: plug the cable to the internet into it"
			       : "gets no address: nobody answered to DHCP, and no IPv6 router "
				 "advertises a net");
	lb_dhcp_client_endp(&w->client);
	lb_port_down(port);
	return false;
}

/* --- names */

static int write_resolv_conf(struct lb_wan *w, const struct lb_wan_config *config)
{
	char text[(2 * LB_DNS_MAX + 1) * (LB_ADDRESS_MAX + sizeof("nameserver \n"))] = "";
	char path[LB_PATH_MAX];
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < w->server_count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "nameserver %s\n", w->servers[i]);
	for (size_t i = 0; w->server_count == 0 && i < config->dns_count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "nameserver %s\n",
				      config->dns[i]);
	if (snprintf(path, sizeof(path), "%s/resolv.conf", config->folder) >= LB_PATH_MAX)
		return LB_E(NOSPC);
	rc = lb_dir_make(config->folder, 0700);
	if (rc == 0)
		rc = lb_file_replace(path, text, n, 0644);
	if (rc < 0)
		return rc;
	CLEANUP(lb_fd_closep) int there = open(RESOLV_CONF, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);

	if (there < 0 || mount(path, RESOLV_CONF, NULL, MS_BIND, NULL) < 0)
		return lb_err_from_errno(errno);
	w->has_resolv_conf = true;
	return 0;
}

bool lb_wan_has_ports(const struct lb_wan_config *config)
{
	for (size_t i = 0; i < config->port_count; i++)
		if (if_nametoindex(config->ports[i]) == 0)
			return false;
	return config->port_count > 0;
}

int lb_wan_open(struct lb_wan *w, const struct lb_wan_config *config, char why[LB_SENTENCE_MAX])
{
	int rc;

	(void)snprintf(why, LB_SENTENCE_MAX, "this router has none of the board's WAN ports");
	if (config->port_count == 0)
		(void)snprintf(why, LB_SENTENCE_MAX, "the board file names no WAN port");
	rc = config->port_count ? lb_netns_enter(config->ports, config->port_count) : 0;
	if (rc < 0)
		(void)snprintf(why, LB_SENTENCE_MAX, "the network of the WAN port %s",
			       rc == LB_E(UNSUP) ? "needs a kernel with CONFIG_NET_NS"
						 : "cannot be made");
	if (rc <= 0)
		return rc < 0 ? rc : LB_E(NOENT);
	rc = listen_to_kernel(w);
	if (rc < 0)
		(void)snprintf(why, LB_SENTENCE_MAX, "the kernel tells nothing of the network: %s",
			       lb_strerror(rc));
	return rc;
}

int lb_wan_up(struct lb_wan *w, const struct lb_wan_config *config, char why[LB_SENTENCE_MAX])
{
	/* One that comes back, on USB, is in the network of PID 1: there it would be taken by a new
	 * start. */
	(void)snprintf(why, LB_SENTENCE_MAX,
		       "the WAN port is gone: plug it in, and switch the router off and on");
	for (size_t i = 0; i < config->port_count; i++) {
		if (if_nametoindex(config->ports[i]) == 0 ||
		    !try_port(w, config, config->ports[i], why))
			continue;
		describe(w, config);
		if (write_resolv_conf(w, config) < 0)
			tell(config, "name servers cannot be set: only numbers work as addresses");
		return 0;
	}
	return LB_E(TIMEOUT);
}

void lb_wan_down(struct lb_wan *w)
{
	lb_dhcp_client_endp(&w->client);
	lb_port_down(w->device);
	if (w->has_resolv_conf)
		(void)umount2(RESOLV_CONF, MNT_DETACH);
	w->has_resolv_conf = false;
}

void lb_wan_closep(struct lb_wan *w)
{
	lb_dhcp_client_endp(&w->client);
	lb_fd_closep(&w->events);
	w->events = -1;
}
