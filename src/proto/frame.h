/* proto/frame.h - the UDP datagram inside a captured Ethernet frame.
 *
 * Ethernet II, at most one IEEE 802.1Q tag, IPv4 (RFC 791), UDP (RFC 768). The UDP checksum is not
 * verified: a frame captured from a virtual machine or from one's own host has none yet when the
 * kernel leaves that work to the network card.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define LB_MAC_BYTES 6

struct lb_frame {
	uint8_t src_mac[LB_MAC_BYTES];
	bool tagged;
	uint16_t vlan;		 /* VLAN id; 0 when not tagged, or tagged for priority only */
	uint32_t src_ip, dst_ip; /* host byte order */
	uint16_t src_port, dst_port;
	struct lb_rd payload; /* points into the caller's buffer */
};

/* 0; LB_E(TRUNC) ends early, LB_E(FORMAT) not IPv4 or not UDP, LB_E(UNSUP) a fragment, LB_E(RANGE)
 * a length that cannot be, LB_E(CRC) wrong checksum of the IP header. */
MUST_CHECK int lb_frame_parse(struct lb_frame *out, const void *buf, size_t n);
