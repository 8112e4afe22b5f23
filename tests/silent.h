/* tests/silent.h - for tests that make the code say thousands of lines. */
#pragma once

#include "base/log.h"

static inline void lb_test_be_silent(void *ctx, enum lb_log_level level, const char *text)
{
}

static inline void silence_log(void)
{
	lb_log_set_sink(lb_test_be_silent, NULL);
}
