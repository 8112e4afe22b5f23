/* lifeline/links.h - the network interfaces of this PC. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "tables/limits.h"

#define LB_LINKS_MAX 64 /* a PC with 48 USB adapters in a test rack, and room */

struct lb_link {
	char name[LB_IFNAME_MAX];
	bool ethernet; /* Ethernet frames; the loopback does not count */
	bool up;       /* switched on: frames can be captured */
	bool carrier;  /* something at the other end of the cable is on */
};

/* The number of interfaces (the first `max` of them), or LB_E(IO). */
MUST_CHECK int lb_links_list(struct lb_link *out, size_t max);

/* 0, LB_E(NOENT) when there is no such interface, or LB_E(IO). */
MUST_CHECK int lb_link_find(struct lb_link *out, const char *name);
