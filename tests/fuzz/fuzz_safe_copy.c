/* The input is the head of a copy of the settings, and the place that the record notes. */
#include "tests/fuzz/fuzz.h"

#include "plan/safe_copy.h"

static void fuzz_header(const uint8_t *data, size_t n)
{
	struct lb_safe_header h, before;
	uint8_t again[LB_SAFE_HEADER_BYTES];
	int rc;

	memset(&h, 0x5A, sizeof(h));
	memcpy(&before, &h, sizeof(h));
	rc = lb_safe_header_parse(&h, data, n);
	CHECK(rc == 0 || rc == LB_E(TRUNC) || rc == LB_E(FORMAT) || rc == LB_E(CRC) ||
	      rc == LB_E(RANGE));
	if (rc < 0) {
		CHECK(memcmp(&h, &before, sizeof(h)) == 0);
		return;
	}
	lb_safe_header_encode(&h, again);
	CHECK(lb_safe_header_parse(&before, again, sizeof(again)) == 0);
	CHECK(before.archive_bytes == h.archive_bytes &&
	      memcmp(before.hash, h.hash, sizeof(h.hash)) == 0);
	CHECK(lb_safe_copy_end(131072, 4096, h.archive_bytes) > h.archive_bytes);
}

static void fuzz_place(const uint8_t *data, size_t n)
{
	char again[LB_SAFE_PLACE_MAX];
	uint64_t at = 4711;
	int rc = lb_safe_place_parse(&at, (const char *)data, n);

	CHECK(rc == 0 || (rc == LB_E(FORMAT) && at == 4711));
	if (rc == 0)
		CHECK(lb_safe_place_encode(at, again) == n && memcmp(again, data, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	fuzz_header(data, n);
	fuzz_place(data, n);
	return 0;
}
