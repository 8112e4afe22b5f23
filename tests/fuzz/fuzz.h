/* tests/fuzz/fuzz.h - what every fuzzer starts with.
 *
 * A fuzzer checks the contract of its parser, not only that it does not crash: the sign of the
 * result, outputs untouched on failure, bounds, round trip.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As assert(), but no build option removes it. */
#define CHECK(condition)                                                                          \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			(void)fprintf(stderr, "%s:%d: broken contract: %s\n", __FILE__, __LINE__, \
				      #condition);                                                \
			abort();                                                                  \
		}                                                                                 \
	} while (0)

/* One input; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
