#include "lifeboat/announce.h"

#include <stdio.h>

#include "base/log.h"
#include "lifeboat/status_file.h"
#include "proto/announce.h"
#include "proto/netmsg.h"

static void send_netmsg(const struct lb_lan *lan)
{
	uint8_t datagram[LB_NETMSG_BYTES];

	if (lb_netmsg_encode(datagram, LB_NETMSG_WINDOW_TEXT) == 0)
		lb_lan_broadcast(lan, LB_NETMSG_PORT, datagram, sizeof(datagram));
}

void lb_announce_status(void *ctx, const struct lb_lan *lan, enum lb_state state,
			enum lb_reason reason, unsigned left_ms)
{
	const struct lb_status *s = ctx;
	uint8_t datagram[LB_ANNOUNCE_BYTES_MAX];
	struct lb_announce a;
	int n;

	lb_announce_init(&a);
	a.state = (uint8_t)state;
	a.reason = (uint8_t)reason;
	a.policy = (uint8_t)s->policy;
	a.address = lan->address;
	if (state == LB_STATE_WINDOW)
		a.left_ms = left_ms;
	(void)snprintf(a.board, sizeof(a.board), "%s", s->board);
	(void)snprintf(a.name, sizeof(a.name), "%s", s->board_name);
	(void)snprintf(a.serial, sizeof(a.serial), "%s", s->serial);
	(void)snprintf(a.version, sizeof(a.version), "%s", LB_VERSION);
	(void)snprintf(a.host_key, sizeof(a.host_key), "%.*s", (int)sizeof(a.host_key) - 1,
		       s->host_key);
	(void)snprintf(a.why, sizeof(a.why), "%.*s", (int)sizeof(a.why) - 1, s->detail);
	n = lb_announce_encode(datagram, &a);
	if (n < 0) {
		log_warn("the announcement %s", lb_strerror(n));
		return;
	}
	/* This one first: lifeline then knows that the other one says nothing more. */
	lb_lan_broadcast(lan, LB_ANNOUNCE_PORT, datagram, (size_t)n);
	if (state == LB_STATE_WINDOW)
		send_netmsg(lan);
}
