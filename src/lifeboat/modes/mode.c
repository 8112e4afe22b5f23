#include "lifeboat/modes/mode.h"

#include <stdarg.h>
#include <stdio.h>

int lb_mode_fail(struct lb_mode_result *out, enum lb_failure failure, const char *fmt, ...)
{
	va_list args;

	out->failure = failure;
	va_start(args, fmt);
	(void)vsnprintf(out->why, sizeof(out->why), fmt, args);
	va_end(args);
	return LB_E(STATE);
}
