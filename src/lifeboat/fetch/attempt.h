/* lifeboat/fetch/attempt.h - one attempt of curl to get a file, or what is still missing of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/fetch.h"
#include "tables/limits.h"

#define LB_ATTEMPT_HEAD ".head" /* behind the path: the server's head, while an attempt runs */

struct lb_attempt {
	const char *url, *path; /* from where, to where */
	const char *cacert;	/* file with the CA certificates; NULL = those of the system */
	bool any_certificate;	/* the clock is wrong: whoever calls checks a signature */
	uint64_t from_bytes;	/* what is there already */
	uint64_t room_bytes;	/* never more than this, that included */
	uint64_t left_ms;	/* nor longer */
	const char *validator;	/* of what is there (lb_http_head); "" when from_bytes is 0 */
	void (*progress)(void *ctx, uint64_t have_bytes, uint64_t whole_bytes);
	void *ctx;
};

struct lb_attempt_result {
	int curl_exit;
	struct lb_http_head head; /* all 0 when the server said nothing */
	uint64_t have_bytes;
};

/* Ends by itself: a server that is silent for half a minute is left, as is one whose answer has
 * more head than anybody needs (then curl_exit is 100, which curl means by it). 0 whatever became
 * of it; LB_E(NOENT) when this system has no curl, LB_E(CHILD|IO...) when it cannot be run. */
MUST_CHECK int lb_attempt(struct lb_attempt_result *out, const struct lb_attempt *a);
