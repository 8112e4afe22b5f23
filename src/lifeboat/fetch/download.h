/* lifeboat/fetch/download.h - a file from an https server, over a line that may break. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/fetch.h"
#include "tables/limits.h"

struct lb_download {
	const char *url, *path;
	const char *cacert;   /* NULL = those of the system */
	bool any_certificate; /* as lb_attempt has it */
	uint64_t room_bytes;
	void (*say)(void *ctx, const char *line); /* what goes wrong meanwhile; without an end */
	/* Several times per second, also while nothing comes. */
	void (*progress)(void *ctx, uint64_t have_bytes, uint64_t whole_bytes);
	void *ctx;
};

/* GOT with the whole file at `path`; otherwise nothing is left there, and `why` is one sentence. */
enum lb_fetch_end lb_download(const struct lb_download *d, char why[LB_SENTENCE_MAX]);

/* Is the clock of this machine before anything that it could have been set to? Then certificates
 * seem not to be valid yet, whoever the server is. */
bool lb_clock_is_wrong(void);
