/* plan/http_head.h - what a server says about a file, in the form in which curl --dump-header
 * writes it (pure). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_VALIDATOR_MAX 128 /* entity tags have 40 bytes; a longer one counts as none */

struct lb_http_head {
	unsigned status;		  /* 200, 206, ... */
	uint64_t start_bytes;		  /* where a part starts */
	uint64_t whole_bytes;		  /* length of the whole file; 0 = not known */
	char validator[LB_VALIDATOR_MAX]; /* what If-Range takes: a strong entity tag, or the time
					     of the last change; "" = neither */
};

/* The last answer counts: those before are redirections. 0, or LB_E(FORMAT) without any answer,
 * with `out` untouched. */
MUST_CHECK int lb_http_head_parse(struct lb_http_head *out, const void *text, size_t n);
