/* lifeline/capture.h - the datagrams that devices broadcast, as raw frames of one interface.
 *
 * Raw, so that a PC without an address, or in another subnet than the device, sees them too.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"

struct lb_capture {
	struct pcap *pcap;
	int fd; /* readable when frames wait; belongs to pcap */
};

typedef void lb_capture_frame(void *ctx, const uint8_t *frame, size_t n);

/* 0. LB_E(AUTH) not permitted, LB_E(NOENT) no such interface or it is down, LB_E(UNSUP) not
 * Ethernet, LB_E(IO): then `why` is one sentence. */
MUST_CHECK int lb_capture_open(struct lb_capture *out, const char *interface,
			       char why[LB_SENTENCE_MAX]);

/* Hand over the frames that wait, never waiting for more. 0, or LB_E(IO) when the interface went
 * away; then `why` is what the kernel says. */
MUST_CHECK int lb_capture_read(struct lb_capture *c, lb_capture_frame *take, void *ctx,
			       char why[LB_SENTENCE_MAX]);

void lb_capture_close(struct lb_capture *c);
