/* lifeboat/settings/keep.h - the list of what an upgrade or a backup keeps, read from a root file
 * system. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "lifeboat/settings/keep_set.h"
#include "tables/limits.h"

struct lb_keep_ask {
	const char *root; /* of the system; "" = this one's */
	bool changed_etc; /* also whatever was changed in /etc */
	bool changed_all; /* also whatever was changed anywhere and is of no package */
	bool skip_same;	  /* but not what is as the read-only system below /rom has it */
};

/* 0, or `why` is one sentence: LB_E(FORMAT) a list is not understood, LB_E(NOENT) nothing was
 * changed because there is no overlay, LB_E(IO|NOSPC). */
MUST_CHECK int lb_keep_list(struct lb_keep *out, const struct lb_keep_ask *ask,
			    char why[LB_SENTENCE_MAX]);
