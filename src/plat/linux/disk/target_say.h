/* plat/linux/disk/target_say.h - why a target cannot be had, one sentence each. All return `err`.
 */
#pragma once

#include "base/err.h"
#include "tables/limits.h"

PRINTF_LIKE(3, 4) int lb_target_refuse(char why[LB_SENTENCE_MAX], int err, const char *fmt, ...);

/* LB_E(BUSY): says where it is mounted, if it is. */
int lb_target_say_busy(const char *node, char why[LB_SENTENCE_MAX]);
int lb_target_say_failed(const char *node, int err, char why[LB_SENTENCE_MAX]);
