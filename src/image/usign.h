/* image/usign.h - keys and signatures of usign and signify (pure).
 *
 * Two lines of text: "untrusted comment: ..." and base64. A public key is 42 bytes ("Ed", key id,
 * key), a signature 74 ("Ed", key id, signature), a secret key 104. Source: OpenWrt's usign. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_USIGN_TEXT_MAX 512 /* a comment has 256 at most in every tool that writes them */
#define LB_USIGN_ID_TEXT  17  /* 16 digits: the file name in a key directory */

struct lb_usign_key {
	char id[LB_USIGN_ID_TEXT]; /* lower-case hexadecimal */
	uint8_t key[32];
	char comment[64]; /* printable; nobody vouches for it */
};

struct lb_usign_signature {
	char id[LB_USIGN_ID_TEXT];
	uint8_t signature[64];
};

/* 0; LB_E(FORMAT) when it is none; LB_E(UNSUP) when it is a secret key, or of another algorithm. On
 * failure `out` is untouched. */
MUST_CHECK int lb_usign_key_parse(struct lb_usign_key *out, const void *text, size_t n);
MUST_CHECK int lb_usign_signature_parse(struct lb_usign_signature *out, const void *text, size_t n);
