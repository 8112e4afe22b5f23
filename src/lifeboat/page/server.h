/* lifeboat/page/server.h - the process that browsers talk to. It reads HTTP with libevent's parser,
 * and answers with what it was told last. It has no rights to lose (rights.h). */
#pragma once

#include <stdint.h>

#include "lifeboat/status_file.h"
#include "web/page.h"

/* What the server is told, each time all of it: one datagram. */
struct lb_page_news {
	struct lb_page_facts facts; /* left_s is the server's to fill in */
	uint64_t leaves_ms;	/* when the router goes on by itself, monotonic; 0 = it does not */
	char name[LB_NAME_MAX]; /* the host's */
	char status[LB_STATUS_BYTES_MAX]; /* the status file, "" = not for everybody */
};

/* Serve until nobody is left who could tell something new through `news` (a SOCK_SEQPACKET socket).
 * `listener` does not block. Both are the caller's to close. Returns an exit code. */
int lb_page_serve(int listener, int news);
