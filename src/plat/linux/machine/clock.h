/* plat/linux/machine/clock.h - the clock that nobody sets. */
#pragma once

#include <stdint.h>

/* Milliseconds since the kernel started, without the time that the machine slept. */
uint64_t lb_monotonic_ms(void);
