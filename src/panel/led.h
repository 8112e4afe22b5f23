/* panel/led.h - what an LED shows at a moment (pure). Times are milliseconds on one monotonic
 * clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tables/tables.h"

#define LB_NEVER UINT64_MAX

/* Level of a pattern that was started at t0_ms, and when it changes next (LB_NEVER: it does not).
 * Edges lie on a fixed grid from t0_ms, so that a late caller shortens one phase and never shifts
 * the rhythm. */
bool lb_led_level(enum lb_led pattern, uint64_t t0_ms, uint64_t now_ms, uint64_t *next_edge_ms);
