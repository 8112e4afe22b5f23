/* The input is what lies on the flash of a boot loader: an entry, of whatever it is. */
#include "tests/fuzz/fuzz.h"

#include "plan/boot_counter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t entry[LB_BOOT_COUNTER_BYTES] = {0}, again[LB_BOOT_COUNTER_BYTES];
	uint32_t count = 7;
	int rc;

	memcpy(entry, data, n < sizeof(entry) ? n : sizeof(entry));
	rc = lb_boot_counter_parse(&count, entry);
	CHECK(rc == 0 || rc == LB_E(NOENT) || rc == LB_E(CRC) || rc == LB_E(FORMAT));
	if (rc < 0) {
		CHECK(count == 7);
		return 0;
	}
	lb_boot_counter_make(again, count);
	CHECK(memcmp(entry, again, sizeof(entry)) == 0);
	return 0;
}
