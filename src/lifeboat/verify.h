/* lifeboat/verify.h - the parts of the applet "verify". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/accept.h"
#include "image/usign.h"
#include "install/scan.h"
#include "store/board.h"

/* The signature of an image, and who made it. */
struct lb_verify_trust {
	enum lb_trust state;
	bool beside;  /* in a file of its own */
	bool running; /* `check` wants to be fed with the image */
	struct lb_ed25519 check;
	char id[LB_USIGN_ID_TEXT]; /* "" = no signature that could be read */
	char comment[64];	   /* of the key */
};

/* Read the signature file and find its key: to be called before the image is read. Without a file
 * there is no signature. 0, or LB_E(NOENT|IO...): the file cannot be read. */
MUST_CHECK int lb_verify_trust_beside(struct lb_verify_trust *t, const char *path,
				      const char *keys);

/* The image was read. When it has a signature inside and none beside, the image is read again from
 * `fd`. */
void lb_verify_trust_end(struct lb_verify_trust *t, const struct lb_scan *s, int fd,
			 const char *keys);

/* What NAME.md5 or NAME.sha256 says. */
enum lb_verify_sum {
	LB_VERIFY_SUM_NONE,
	LB_VERIFY_SUM_RIGHT,
	LB_VERIFY_SUM_WRONG
};

/* All that is printed. */
struct lb_verify_report {
	const char *path;
	const struct lb_scan *scan;
	const struct lb_offer *offer;
	const struct lb_taker *taker;
	const struct lb_verdict *verdict;
	const struct lb_verify_trust *trust;
	enum lb_verify_sum sha256, md5;
	const char *dist, *revision; /* "" = it does not say */
};

/* 0, or LB_E(IO|NOSPC): it could not be written. */
MUST_CHECK int lb_verify_print(const struct lb_verify_report *r);
MUST_CHECK int lb_verify_print_json(const struct lb_verify_report *r);
