/* The input is the start of an image. */
#include "tests/fuzz/fuzz.h"

#include "image/fsimage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct lb_rootfs before = {.fs = "before", .length_bytes = 4711};
	struct lb_rootfs out = before;
	int rc = lb_fsimage_parse(&out, data, n);

	CHECK(rc == 0 || rc == LB_E(FORMAT) || rc == LB_E(TRUNC) || rc == LB_E(RANGE));
	if (rc < 0) {
		CHECK(out.fs == before.fs && out.length_bytes == before.length_bytes);
		return 0;
	}
	CHECK(strcmp(out.fs, "ext4") == 0 || strcmp(out.fs, "squashfs") == 0 ||
	      strcmp(out.fs, "erofs") == 0);
	CHECK(out.length_bytes >= 96 && out.length_bytes <= INT64_MAX);
	return 0;
}
