/* plat/linux/storage/takeover.h - make the PID 1 of a running system execute LB_RAM_PROGRAM. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "tables/limits.h"

/* Can this system's PID 1 be told at all? 0, or LB_E(UNSUP) and one sentence. */
MUST_CHECK int lb_takeover_check(char why[LB_SENTENCE_MAX]);

/* Tell it. `helper`: arguments of LB_RAM_PROGRAM with which PID 1 starts a helper that calls
 * lb_takeover_go(). Does not return when it works: all processes end. LB_E(TIMEOUT): PID 1 does
 * not react, everything is as it was. */
MUST_CHECK int lb_takeover_run(const char *helper, char why[LB_SENTENCE_MAX]);

/* In the helper: the new inittab was read. Ends with everybody else. */
_Noreturn void lb_takeover_go(void);
