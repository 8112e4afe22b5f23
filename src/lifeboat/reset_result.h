/* lifeboat/reset_result.h - the last factory reset, told to a person. */
#pragma once

#include <stddef.h>

#include "plan/record.h"

/* "factory reset of 2026-11-21 03:44 UTC: complete, ..."; "" when there was none. */
void lb_reset_sentence(const struct lb_reset_result *r, char *out, size_t size);

/* " of 2026-11-21 03:44 UTC", or that the clock was not set. */
void lb_reset_when(uint64_t at_s, char *out, size_t size);
