/* install/trust.h - is an image signed, and by whom? */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "image/accept.h"
#include "image/usign.h"
#include "install/ed25519.h"
#include "install/scan.h"

struct lb_verify_trust {
	enum lb_trust state;
	bool beside;	   /* in a file of its own */
	bool clock_behind; /* a certificate is younger than this device's clock: it may have expired
			    */
	bool running;	   /* `check` wants to be fed with the image */
	struct lb_ed25519 check;
	bool listed; /* signed is a list that has the image's hash: */
	uint8_t sha256[LB_SHA256_SIZE];
	char id[LB_USIGN_ID_TEXT]; /* "" = no signature that could be read */
	char comment[64];	   /* of the key */
};

/* Read the signature file and find its key: to be called before the image is read. Without a file
 * there is no signature. 0, or LB_E(NOENT|IO...): the file cannot be read. */
MUST_CHECK int lb_verify_trust_beside(struct lb_verify_trust *t, const char *path,
				      const char *keys);

/* Reads `fd` from `start` to its end, and what follows from it is final. 0, or LB_E(IO). */
MUST_CHECK int lb_verify_trust_now(struct lb_verify_trust *t, int fd, int64_t start);

/* A list of hashes, as sha256sum writes it, with the name `image` in it and with its own signature
 * in a file PATH.sig: the image is signed when it has that hash. 0; LB_E(NOENT): it says nothing
 * about the image, is not there or not signed, or nobody knows by whom. */
MUST_CHECK int lb_verify_trust_list(struct lb_verify_trust *t, const char *path, const char *image,
				    const char *keys);

/* The image was read. When it has a signature inside and none beside, its bytes are read again
 * from `start` of `fd`: the equation starts with the signature, which stands behind them. */
void lb_verify_trust_end(struct lb_verify_trust *t, const struct lb_scan *s, int fd, int64_t start,
			 const char *keys);
