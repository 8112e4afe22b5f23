/* The input is the start of a file. */
#include "tests/fuzz/fuzz.h"

#include "image/identify.h"

static void check_text(const char text[LB_NAME_MAX])
{
	const size_t n = strnlen(text, LB_NAME_MAX);

	CHECK(n < LB_NAME_MAX);
	for (size_t i = 0; i < n; i++)
		CHECK(text[i] >= ' ' && text[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lb_image before, out;
	int rc;

	memset(&before, 0x5A, sizeof(before));
	out = before;
	rc = lb_image_identify(&out, data, n);
	CHECK(rc == 0 || rc == LB_E(FORMAT));
	if (rc < 0) {
		CHECK(memcmp(&out, &before, sizeof(out)) == 0);
		return 0;
	}
	CHECK(out.kind > LB_IMAGE_NONE && out.kind < LB_IMAGE_COUNT);
	CHECK(out.header == 0 || out.header == LB_E(TRUNC) || out.header == LB_E(CRC) ||
	      out.header == LB_E(RANGE));
	check_text(out.board);
	check_text(out.version);
	/* Whoever adds to it must not wrap. */
	CHECK(out.length_bytes <= INT64_MAX);
	CHECK(out.sum_count <= LB_IMAGE_SUMS_MAX);
	for (size_t i = 0; i < out.sum_count; i++)
		CHECK(out.sums[i].method != LB_SUM_NONE && out.sums[i].from < out.sums[i].to);
	return 0;
}
