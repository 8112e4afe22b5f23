/* web/page.h - the rescue page as a browser gets it: one HTML page without scripts and without
 * anything from elsewhere, for a phone and for a text browser (docs/rescue-page.md). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "tables/limits.h"
#include "tables/tables.h"

#define LB_PAGE_BYTES_MAX 8192 /* one page, whatever its texts are */
#define LB_PAGE_LOG_LINES 8
#define LB_PAGE_LOG_BYTES                                                      \
	2048 /* LB_PAGE_LOG_LINES lines of the log, which has 200 bytes a line \
	      */

/* What stands. Texts are those of the status file (lifeboat-status(8)), "" = not known. */
struct lb_page_facts {
	enum lb_state state;
	enum lb_policy policy;
	unsigned mode;	 /* a rescue mode that is carried out, or has failed; 0 = none */
	unsigned blinks; /* the code of its failure, 0 = it has not failed */
	unsigned left_s; /* until the router goes on by itself, 0 = it does not */
	char board_name[LB_NAME_MAX];
	char board[LB_NAME_MAX];
	char serial[LB_SERIAL_MAX];
	char address[24]; /* of the router, with or without a prefix length */
	char why[LB_SENTENCE_MAX];
	char notice[LB_SENTENCE_MAX];
	char host_key[LB_NAME_MAX];  /* "" = nobody can log in over SSH */
	char log[LB_PAGE_LOG_BYTES]; /* lines, the newest last */
	bool has_status;	     /* the page may lead to LB_PAGE_STATUS */
};

#define LB_PAGE_STATUS "/status.json"

/* How many bytes of HTML are in `out`, with a NUL behind them; LB_E(NOSPC) when they do not fit.
 * LB_PAGE_BYTES_MAX is enough for all facts: what of the log has no room is left out, the oldest
 * lines first. */
MUST_CHECK int lb_page_render(const struct lb_page_facts *f, char *out, size_t size);
