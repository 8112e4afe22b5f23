/* install/verify.h - what is this image, is it whole, who signed it, and would this board take it?
 *
 * For every door through which an image comes in. Writes nothing, prints nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/accept.h"
#include "image/medkit.h"
#include "install/scan.h"
#include "install/trust.h"
#include "store/board.h"
#include "tables/limits.h"

struct lb_verify_ask {
	const char *image; /* its path, for sentences and for the files beside it; "-" = it has no
			      name */
	int fd;		   /* read from where it stands to its end */
	const struct lb_board *board;
	const char *keys;      /* directory; NULL = the board's */
	const char *signature; /* file, which must be there; NULL = IMAGE.sig when there is one */
	enum lb_door door;
	bool drop_settings, ignore_minor; /* as sysupgrade's options have it */
	/* For bytes from whoever sits on the line, with a `signature`: where it is not good,
	 * nothing else looks at them, neither what unpacks nor what reads names and numbers. Only
	 * for an `fd` that can be read twice. */
	bool signature_first;
	uint64_t max_bytes; /* room in the target; 0 = what the board file says */
	/* How much lb_verify_image() has read; NULL = nobody wants to know. */
	void (*progress)(void *ctx, uint64_t read_bytes);
	void *ctx;
	/* Gets what is in a packed image, from another thread; NULL = nobody wants it. */
	void (*inside_take)(void *ctx, const uint8_t *data, size_t n);
	void *inside_ctx;
};

/* What IMAGE.md5 or IMAGE.sha256 says. */
enum lb_verify_sum {
	LB_VERIFY_SUM_NONE,
	LB_VERIFY_SUM_RIGHT,
	LB_VERIFY_SUM_WRONG
};

/* What was found out; large. The strings and arrays that `offer` and `taker` point to are in here,
 * in the board, or the caller's: never copy it. */
struct lb_verified {
	struct lb_scan scan; /* its `damage` names wrong hashes beside the image too */
	struct lb_verify_trust trust;
	enum lb_verify_sum sha256, md5;
	struct lb_offer offer;
	struct lb_taker taker;
	struct lb_verdict verdict; /* the answer: lb_verdict_first() */

	/* Own. */
	struct lb_verify_ask ask;
	struct lb_medkit_name medkit;
	char boards[LB_IMAGE_BOARDS_MAX][LB_NAME_MAX];
	char compat[LB_NAME_MAX];
};

/* Read all of ask->fd. What comes from a pipe is kept in RAM meanwhile, as long as there is room
 * for it, for the second reading that a signature inside takes. 0 when there is an answer, whatever
 * it is; else LB_E(IO) or another error of the system, and `why` says in one sentence what could
 * not be read. */
MUST_CHECK int lb_verify_image(struct lb_verified *out, const struct lb_verify_ask *ask,
			       char why[LB_SENTENCE_MAX]);

/* The same for bytes that somebody else reads. `ask` is copied; what it points to has to stay. */
MUST_CHECK int lb_verify_begin(struct lb_verified *v, const struct lb_verify_ask *ask,
			       char why[LB_SENTENCE_MAX]);
void lb_verify_feed(struct lb_verified *v, const void *data, size_t n);

/* Nothing more comes. `again`: a descriptor with the image from offset `start` on, when the image
 * can be read a second time (lb_spool for a pipe); else -1. Without it an image is refused that has
 * a signature by a known key inside: the equation starts with the signature, which comes last. */
void lb_verify_end(struct lb_verified *v, int again, int64_t start);
