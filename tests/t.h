/* tests/t.h - what every cmocka test file starts with. A test's name is a sentence:
 * unit__condition__outcome. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define unit(f) cmocka_unit_test(f)

#define TESTS(...)                                              \
	int main(void)                                          \
	{                                                       \
		const struct CMUnitTest all[] = {__VA_ARGS__};  \
                                                                \
		return cmocka_run_group_tests(all, NULL, NULL); \
	}
