#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX_BYTES 512 /* kmsg cuts records near 1 KiB; a sentence never needs half of that */

static lb_log_sink *log_sink;
static void *log_ctx;
static enum lb_log_level log_level = LB_LOG_INFO;

void lb_log_set_sink(lb_log_sink *sink, void *ctx)
{
	log_sink = sink;
	log_ctx = ctx;
}

void lb_log_set_level(enum lb_log_level most_verbose)
{
	log_level = most_verbose;
}

void lb_log(enum lb_log_level level, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list args;

	if (level > log_level)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (log_sink)
		log_sink(log_ctx, level, text);
	else
		(void)fprintf(stderr, "lifeboat: %s\n", text);
}
