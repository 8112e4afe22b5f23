/* image/ucert.h - OpenWrt's certificate chains, as they stand behind signed images (pure).
 *
 * One container after the other, each a libubox blob: 32 bits big endian, of which bit 31 says
 * "extended", 7 bits are an id and 24 the length with these four bytes; the next one starts at a
 * multiple of four. In a container: attribute 0, the text of a usign signature; attribute 1, what
 * that signature is over: a blobmsg table "ucert" with certtype (1 grants, 2 revokes), validfrom
 * and expiresat (seconds since 1970), pubkey (text of a usign key), fingerprint (its id). A named
 * value has 16 bits of length, the name and a NUL before it, padded to four. The last container has
 * a signature only, which is over the image. Source: OpenWrt's usign and ucert. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/usign.h"

#define LB_UCERT_MAX 8 /* OpenWrt's have one */

struct lb_ucert {
	struct lb_usign_signature signature; /* over the payload */
	const uint8_t *payload;		     /* points into the caller's buffer */
	size_t payload_len;
	bool revokes; /* takes trust away from `id`, instead of giving it to `key` */
	int64_t from_s, until_s;
	struct lb_usign_key key;
	char id[LB_USIGN_ID_TEXT]; /* whose certificate it is */
};

struct lb_ucert_chain {
	struct lb_ucert cert[LB_UCERT_MAX];
	size_t count;			 /* may be 0 */
	struct lb_usign_signature image; /* over the image */
};

/* The whole chain, nothing before or behind it. 0; LB_E(FORMAT) it is none; LB_E(UNSUP) a
 * certificate of a type that is not known, or a signature of another algorithm; LB_E(RANGE) more
 * than LB_UCERT_MAX. On failure `out` is untouched. */
MUST_CHECK int lb_ucert_parse(struct lb_ucert_chain *out, const void *buf, size_t n);

/* What a clock says about a certificate. One that says a time before the certificate was made is
 * wrong, as on a router without a battery, and cannot tell whether it has expired. */
enum lb_ucert_age {
	LB_UCERT_VALID,
	LB_UCERT_EXPIRED,
	LB_UCERT_CLOCK_BEHIND
};
enum lb_ucert_age lb_ucert_age(const struct lb_ucert *c, int64_t now_s);
