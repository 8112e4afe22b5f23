/* lifeboat dhcp_event: what udhcpc starts at each turn of its dialogue with a DHCP server, with
 * what the server said in the environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lifeboat/applet.h"
#include "plan/lease.h"
#include "plat/linux/machine/dhcp_client.h"

#define VALUE_MAX 200 /* a dozen addresses: more than anybody asks */

/* One write() of less than PIPE_BUF: the reader gets it whole. */
static int pass_on(int to)
{
	static const char *const names[] = {"ip", "subnet", "router", "dns"};
	char text[4 * (VALUE_MAX + sizeof("subnet=\n"))];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (!value)
			value = "";
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s=%.*s\n", names[i],
				      (int)lb_lease_cut(value, VALUE_MAX), value);
	}
	return write(to, text, n) == (ssize_t)n ? LB_EXIT_OK : LB_EXIT_SYSTEM;
}

int applet_dhcp_event(int argc, char **argv)
{
	const char *to = getenv(LB_DHCP_EVENT_FD);

	if (argc != 2 || !to) {
		(void)fprintf(stderr, "lifeboat dhcp_event: udhcpc starts this, and nobody else\n");
		return LB_EXIT_USAGE;
	}
	/* Of the others, such as the end of a lease, nobody makes anything. */
	if (strcmp(argv[1], "bound") != 0 && strcmp(argv[1], "renew") != 0)
		return LB_EXIT_OK;
	return pass_on(atoi(to));
}
