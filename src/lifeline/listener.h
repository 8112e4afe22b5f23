/* lifeline/listener.h - hear devices on many interfaces until told to stop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lifeline/links.h"

struct lb_listen_how {
	const char *interfaces[LB_LINKS_MAX]; /* none = every Ethernet interface that is up */
	size_t interface_count;
	unsigned seconds; /* 0 = until a signal */
	unsigned count;	  /* stop at this many devices; 0 = never */
	bool json;
};

/* A code of tables/lifeline_exits.def; the sentence for any but OK is on stderr. */
int lb_listen(const struct lb_listen_how *how);
