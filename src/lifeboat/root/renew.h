/* lifeboat/root/renew.h - the boot gate writes a root anew from the factory image, when a factory
 * reset has asked for it. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "plat/plat.h"
#include "store/board.h"

#define LB_RENEW_MOUNT "/run/lifeboat/image"

/* What the person waits for if the record asks for it. To be called before `disk`, the root, is
 * mounted. A child does the work; PID 1 blinks, tells how far it is and feeds the watchdog. What
 * comes out is in the record.
 *
 * 0: the root can be used, as it was or as new; *tried says whether anything was asked for.
 * LB_E(STATE): it is not whole and must not be used; `why` is a sentence. */
MUST_CHECK int lb_renew_root(const struct lb_board *board, const struct plat *p, const char *disk,
			     bool *tried, char why[LB_SENTENCE_MAX]);
