/* plat/linux/machine/dhcp_client.h - udhcpc of busybox, which gets an address and keeps it. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

/* Where the applet dhcp_event writes to: the number of a descriptor. */
#define LB_DHCP_EVENT_FD "LIFEBOAT_DHCP_FD"

struct lb_dhcp_client {
	pid_t pid; /* 0 = none */
	int from;  /* each read() gives what the server said, for lb_lease_parse(); nothing: the
		      client  has ended, and nobody answered; -1 = none */
};

/* `self` is the path of lifeboat, `folder` one in which a link to it may be made. Gives up after 45
 * seconds without an answer; else it runs until it is ended, and dies with us. 0, or LB_E(NOENT)
 * without udhcpc, LB_E(IO). */
MUST_CHECK int lb_dhcp_client_start(struct lb_dhcp_client *c, const char *device, const char *self,
				    const char *folder);

/* For CLEANUP. */
void lb_dhcp_client_endp(struct lb_dhcp_client *c);
