/* proto/announce.h - what a Lifeboat device tells everybody on its LAN: who it is, where it is in
 * its boot, and why. Byte layout: docs/announce.md.
 *
 * UDP, destination port 4920. One struct owns all its texts; it holds no pointers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"

#define LB_ANNOUNCE_PORT	4920 /* 0x1338, next to OpenWrt's */
#define LB_ANNOUNCE_VERSION	1
#define LB_ANNOUNCE_BYTES_MAX	548 /* 576, which every IPv4 host takes, - 20 (IP) - 8 (UDP) */
#define LB_ANNOUNCE_VERSION_MAX 32
#define LB_ANNOUNCE_KEY_MAX	52  /* "SHA256:", 43 characters of base64, NUL; one spare */
#define LB_ANNOUNCE_WHY_MAX	224 /* what the other fields leave of the datagram */
#define LB_LEFT_NONE		UINT32_MAX

enum lb_announce_tag {
	LB_ANNOUNCE_TAG_END = 0,
#define FIELD(id, tag, kind, member, absent, help) LB_ANNOUNCE_TAG_##id = (tag),
#include "tables/announce.def"
#undef FIELD
};

struct lb_announce {
	uint8_t state;	  /* enum lb_state; a newer device may send a code that is in no table */
	uint8_t reason;	  /* enum lb_reason; likewise */
	uint8_t policy;	  /* enum lb_policy; likewise */
	uint32_t left_ms; /* LB_LEFT_NONE = no window is open */
	uint32_t address; /* host byte order; 0 = not said */
	char board[LB_NAME_MAX]; /* texts: "" = not said */
	char name[LB_NAME_MAX];
	char serial[LB_SERIAL_MAX];
	char version[LB_ANNOUNCE_VERSION_MAX];
	char host_key[LB_ANNOUNCE_KEY_MAX];
	char why[LB_ANNOUNCE_WHY_MAX];
};

/* Codes 0, everything else not said. */
void lb_announce_init(struct lb_announce *out);

/* The number of bytes written, or LB_E(RANGE) when a text has no NUL. Every announcement fits. */
MUST_CHECK int lb_announce_encode(uint8_t out[LB_ANNOUNCE_BYTES_MAX], const struct lb_announce *a);

/* 0, with unknown tags skipped. LB_E(TRUNC) it ends early; LB_E(FORMAT) wrong magic, a field twice,
 * a missing code or bytes after the end; LB_E(UNSUP) another version; LB_E(RANGE) a field of the
 * wrong size, a text that is too long or holds NUL, a datagram of more than 548 bytes. Texts are
 * what the sender wrote, control bytes included. */
MUST_CHECK int lb_announce_decode(struct lb_announce *out, const void *buf, size_t n);
