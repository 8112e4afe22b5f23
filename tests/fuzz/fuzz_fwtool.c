/* The input is the end of a file. */
#include "tests/fuzz/fuzz.h"

#include "image/fwtool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lb_fwtool out = {.count = 99};
	int rc = lb_fwtool_parse(&out, data, n);
	size_t end = n;

	CHECK(rc == 0 || rc == LB_E(RANGE) || rc == LB_E(NOSPC));
	if (rc < 0) {
		CHECK(out.count == 99);
		return 0;
	}
	CHECK(out.count <= LB_FWTOOL_BLOCKS_MAX && out.appended_bytes <= n);
	for (size_t i = out.count; i > 0; i--) {
		const struct lb_fwtool_block *b = &out.block[i - 1];

		CHECK(b->payload_at + b->payload_len == b->trailer_at && b->trailer_at < end);
		CHECK(b->payload_len <= LB_FWTOOL_METADATA_MAX);
		rc = lb_fwtool_verify(b, data, 0);
		CHECK(rc == 0 || rc == LB_E(CRC));
		end -= b->size_bytes;
	}
	CHECK(end == n - out.appended_bytes);
	return 0;
}
