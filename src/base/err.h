/* base/err.h - errors are values.
 *
 * A function that can fail returns >= 0 on success or LB_E(NAME) on failure; on failure its outputs
 * are untouched. The sign lives inside LB_E(), so that no call site can forget it.
 */
#pragma once

enum lb_err_index {
	LB_EI_OK,
#define ERR(name, text) LB_EI_##name,
#include "tables/errors.def"
#undef ERR
	LB_EI_COUNT
};

#define LB_E(name)	       (-(int)LB_EI_##name)
#define MUST_CHECK	       __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* "ends early", "is not there", ...: follows the name of the thing in a message. Never NULL. */
const char *lb_strerror(int err);

/* The LB_E value that stands for a system call's errno. plat/ turns errno into this and nobody
 * else. */
int lb_err_from_errno(int sys_errno);
