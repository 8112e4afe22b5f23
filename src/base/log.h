/* base/log.h - one line per decision, written by whoever decides; never by a codec or a state
 * machine.
 *
 * err   something the person must act on      warn  went on without something that was asked for
 * info  a step that a person would want to see   debug  for the one who ports a board
 */
#pragma once

#include "base/err.h"

enum lb_log_level {
	LB_LOG_ERR,
	LB_LOG_WARN,
	LB_LOG_INFO,
	LB_LOG_DEBUG,
};

/* Lines go to stderr as "lifeboat: text" until a sink is set. The sink gets the text without
 * newline. */
typedef void lb_log_sink(void *ctx, enum lb_log_level level, const char *text);

void lb_log_set_sink(lb_log_sink *sink, void *ctx);
void lb_log_set_level(enum lb_log_level most_verbose);
void lb_log(enum lb_log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_err(...)   lb_log(LB_LOG_ERR, __VA_ARGS__)
#define log_warn(...)  lb_log(LB_LOG_WARN, __VA_ARGS__)
#define log_info(...)  lb_log(LB_LOG_INFO, __VA_ARGS__)
#define log_debug(...) lb_log(LB_LOG_DEBUG, __VA_ARGS__)
