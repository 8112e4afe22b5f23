/* plan/waiting.h - how often one says that one waits (pure). */
#pragma once

#include <stdint.h>

/* The part of `waited_ms` to speak of: whoever says it each time that it changes says it in tenths
 * of `wait_ms`, which a console can bear, or more often where he would be taken for one who hangs:
 * twice within `hang_ms`. All of it where these are too short to be divided. */
uint64_t lb_waiting_told_ms(uint64_t waited_ms, uint64_t wait_ms, uint64_t hang_ms);
