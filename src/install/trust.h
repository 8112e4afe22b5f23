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
	char id[LB_USIGN_ID_TEXT]; /* "" = no signature that could be read */
	char comment[64];	   /* of the key */
};

/* Read the signature file and find its key: to be called before the image is read. Without a file
 * there is no signature. 0, or LB_E(NOENT|IO...): the file cannot be read. */
MUST_CHECK int lb_verify_trust_beside(struct lb_verify_trust *t, const char *path,
				      const char *keys);

/* The image was read. When it has a signature inside and none beside, its bytes are read again
 * from `start` of `fd`: the equation starts with the signature, which stands behind them. */
void lb_verify_trust_end(struct lb_verify_trust *t, const struct lb_scan *s, int fd, int64_t start,
			 const char *keys);
