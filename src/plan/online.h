/* plan/online.h - when a port is online, and when that is given up (pure).
 *
 * IPv4 comes from DHCP, IPv6 from what a router advertises, and most nets have one of them only:
 * once one is there the other is waited for a little, and no longer. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum lb_online_deed {
	LB_ONLINE_WAIT,	      /* until wake_ms, or until something is known */
	LB_ONLINE_YES,	      /* IPv4, IPv6 or both */
	LB_ONLINE_NO_LINK,    /* there is nobody at the other end of the cable */
	LB_ONLINE_NO_ADDRESS, /* nobody gave an address */
};

struct lb_online {
	bool link;
	bool v4, v4_over;      /* has an address; will not get one any more */
	bool address6, route6; /* both are needed */
	uint64_t up_ms;	       /* the port was switched on */
	uint64_t link_ms;      /* the first time that there was a link; 0 = not yet */
	uint64_t first_ms;     /* one of the two was there; 0 = not yet */
};

#define LB_ONLINE_LINK_MS    10000 /* two ends agree on a speed within 4 s */
#define LB_ONLINE_ADDRESS_MS 50000 /* a switch with spanning tree forwards nothing for 30 s */
#define LB_ONLINE_OTHER_MS   5000  /* routers are asked every 4 s (RFC 4861, section 10) */

void lb_online_begin(struct lb_online *o, uint64_t now_ms);

/* After any change of the fields above the times. */
enum lb_online_deed lb_online_judge(struct lb_online *o, uint64_t now_ms, uint64_t *wake_ms);
