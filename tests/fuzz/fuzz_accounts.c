/* The first half of the input is restored, the second half is the system's: nothing of the first is
 * lost, and every name of the second is there afterwards. */
#include "tests/fuzz/fuzz.h"

#include "plan/accounts.h"

static char text[8192], again[8192];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t half = n / 2;
	int merged, twice;

	if (n > 4096)
		return 0;
	memcpy(text, data, half);
	merged = lb_accounts_merge(text, half, sizeof(text), data + half, n - half);
	CHECK(merged >= (int)half && memcmp(text, data, half) == 0);
	memcpy(again, text, (size_t)merged);
	twice = lb_accounts_merge(again, (size_t)merged, sizeof(again), data + half, n - half);
	CHECK(twice == merged && memcmp(text, again, (size_t)merged) == 0);
	memcpy(again, data, half);
	CHECK(lb_accounts_merge(again, half, (size_t)merged, data + half, n - half) == merged);
	if (merged > (int)half)
		CHECK(lb_accounts_merge(again, half, (size_t)merged - 1, data + half, n - half) ==
		      LB_E(NOSPC));
	return 0;
}
