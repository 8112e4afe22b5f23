/* install/ed25519.h - check an Ed25519 signature of a message that comes in pieces.
 *
 * libsodium wants the whole message in memory; an image may be larger than that. The equation of
 * RFC 8032, 5.1.7 is evaluated with libsodium's own arithmetic, and is as strict as libsodium: one
 * form of S, no points of small order. */
#pragma once

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "install/hash.h"

struct lb_ed25519 {
	struct lb_sha512 hash;
	uint8_t key[32], signature[64];
};

/* 0, or LB_E(IO) when libsodium cannot be used. */
MUST_CHECK int lb_ed25519_begin(struct lb_ed25519 *e, const uint8_t key[32],
				const uint8_t signature[64]);
void lb_ed25519_feed(struct lb_ed25519 *e, const void *data, size_t n);

/* 0: the signature is right; LB_E(AUTH): it is not. */
MUST_CHECK int lb_ed25519_end(struct lb_ed25519 *e);
