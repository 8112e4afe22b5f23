/* install/medkit.h - is this medkit whole, signed, for this board, and does it fit? */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/board.h"
#include "tables/tables.h"

struct lb_medkit_ask {
	const struct lb_board *board;
	int fd;		  /* a file that can be read twice: on a stick, in RAM */
	const char *name; /* the medkit's file name: it tells the board, and perhaps the version */
	const char *companions; /* folder of NAME.md5, NAME.sha256 and NAME.sig; NULL = none */
	/* Its path; then nothing but the signature is looked at, over the network, where it is not
	 * good. NULL = NAME.sig of `companions`, if it is there. */
	const char *signature;
	enum lb_door door;   /* whether it has to be signed is the board's to say, for each */
	uint64_t room_bytes; /* of the partition that it is for; 0 = not known */
	void (*progress)(void *ctx, const char *what, unsigned percent); /* NULL = nobody asks */
	void *ctx;
};

struct lb_medkit_report {
	enum lb_failure failure;   /* LB_FAILURE_NONE = it went well */
	char why[LB_SENTENCE_MAX]; /* one sentence, without a full stop */
	char version[LB_NAME_MAX]; /* as the medkit says; "" = it does not */
	bool touched;		   /* by lb_medkit_flash(): the card is not what it was */
};

/* Everything that can be known before the card is touched: the files beside the medkit, its
 * signature, every byte and every name in it, its board, whether it holds a system. 0, or
 * LB_E(STATE): `out` says why. Nothing is written, and no card has to be there. */
MUST_CHECK int lb_medkit_check(struct lb_medkit_report *out, const struct lb_medkit_ask *ask);
