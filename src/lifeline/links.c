#include "lifeline/links.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* IFF_LOWER_UP of linux/if.h, which cannot be included beside net/if.h. IFF_RUNNING follows it up
 * to a second later. */
#define CARRIER 0x10000u

static void free_ifaddrsp(struct ifaddrs **list)
{
	if (*list)
		freeifaddrs(*list);
}

static struct lb_link describe(const struct ifaddrs *i)
{
	struct lb_link link = {.up = i->ifa_flags & IFF_UP, .carrier = i->ifa_flags & CARRIER};
	struct sockaddr_ll address;

	memcpy(&address, i->ifa_addr, sizeof(address));
	link.ethernet = address.sll_hatype == ARPHRD_ETHER;
	(void)snprintf(link.name, sizeof(link.name), "%s", i->ifa_name);
	return link;
}

int lb_links_list(struct lb_link *out, size_t max)
{
	CLEANUP(free_ifaddrsp) struct ifaddrs *list = NULL;
	size_t n = 0;

	if (getifaddrs(&list) < 0)
		return LB_E(IO);
	/* Every interface has exactly one AF_PACKET entry, whatever addresses it has. */
	for (const struct ifaddrs *i = list; i && n < max; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_PACKET)
			out[n++] = describe(i);
	return (int)n;
}

int lb_link_find(struct lb_link *out, const char *name)
{
	struct lb_link links[LB_LINKS_MAX];
	int n = lb_links_list(links, LB_LINKS_MAX);

	for (int i = 0; i < n; i++)
		if (strcmp(links[i].name, name) == 0) {
			*out = links[i];
			return 0;
		}
	return n < 0 ? n : LB_E(NOENT);
}
