/* plat/linux/machine/wan.h - the WAN side: one port of the router gets online as a PC would, IPv4
 * by DHCP and IPv6 by what a router advertises.
 *
 * The port is taken into a network of the calling process alone: nothing else of the router is to
 * be reached through it, and when the process ends the port is back, with no address. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/lease.h"
#include "plan/online.h"
#include "plat/linux/machine/dhcp_client.h"
#include "tables/limits.h"

struct lb_wan {
	char device[LB_IFNAME_MAX]; /* the port that is online */
	int events;		    /* from the kernel, -1 = none */
	struct lb_dhcp_client client;
	struct lb_online online;
	struct lb_lease lease;			      /* when online.v4 */
	char servers[2 * LB_DNS_MAX][LB_ADDRESS_MAX]; /* name servers, as resolv.conf has them */
	size_t server_count;
	bool has_resolv_conf; /* of its own, over that of the system */
};
#define LB_WAN_CLOSED ((struct lb_wan){.events = -1, .client.from = -1})

struct lb_wan_config {
	const char (*ports)[LB_IFNAME_MAX];
	size_t port_count;
	const char (*dns)[LB_ADDRESS_MAX]; /* name servers to ask when the net names none */
	size_t dns_count;
	const char *self;   /* path of lifeboat, whose applet dhcp_event is needed */
	const char *folder; /* for what the processes that are started need */
	void (*say)(void *ctx, const char *line);
	void (*waits)(void *ctx, const char *what); /* "a link": every second while it is so */
	void *ctx;
};

/* Are all of the ports there? Of use before lb_wan_open(): some come later than the program. */
bool lb_wan_has_ports(const struct lb_wan_config *config);

/* Takes the ports. 0, or LB_E(...) with a sentence in `why`. For a process that ends afterwards: it
 * cannot go back to the network of the others. Release with lb_wan_closep(). */
MUST_CHECK int lb_wan_open(struct lb_wan *w, const struct lb_wan_config *config,
			   char why[LB_SENTENCE_MAX]);

/* The first of the ports that gets online, one tried after the other; name servers go into an
 * /etc/resolv.conf that only this process and its children see. 0, or LB_E(TIMEOUT) with a sentence
 * in `why`. Takes up to a minute for each port. */
MUST_CHECK int lb_wan_up(struct lb_wan *w, const struct lb_wan_config *config,
			 char why[LB_SENTENCE_MAX]);

/* The port that is online is off again, and may be switched on once more. */
void lb_wan_down(struct lb_wan *w);

/* Ends the DHCP client. For CLEANUP. */
void lb_wan_closep(struct lb_wan *w);
