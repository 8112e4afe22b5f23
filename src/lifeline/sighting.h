/* lifeline/sighting.h - one datagram of one device, decoded and safe to print.
 *
 * Pure: bytes of a captured frame in, one struct out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proto/announce.h"
#include "proto/frame.h"
#include "proto/netmsg.h"
#include "tables/limits.h"

/* OpenWrt sends a text and no state; this stands for a text that says nothing about it. */
#define LB_STATE_NOT_SAID 0xFF

enum lb_protocol {
	LB_PROTOCOL_OPENWRT,  /* proto/netmsg.h */
	LB_PROTOCOL_LIFEBOAT, /* proto/announce.h */
};

struct lb_sighting {
	enum lb_protocol protocol;
	uint8_t mac[LB_MAC_BYTES];
	bool tagged;
	uint16_t vlan;			   /* when tagged */
	uint32_t ip;			   /* source address, host byte order */
	char interface[LB_IFNAME_MAX];	   /* where it was seen; the caller fills it in */
	char text[LB_NETMSG_TEXT_MAX + 1]; /* OPENWRT: what it says */
	struct lb_announce announce; /* OPENWRT: only state, policy and address, guessed from it */
};

/* 0, with all texts cleaned by lb_printable(). LB_E(NOENT) when the frame is for another port, else
 * the error of the layer that refused it. */
MUST_CHECK int lb_sighting_read(struct lb_sighting *out, const void *frame, size_t n);

/* Where the device answers in failsafe: what it announced, else where it sent from. 0 = not known.
 */
uint32_t lb_sighting_address(const struct lb_sighting *s);
