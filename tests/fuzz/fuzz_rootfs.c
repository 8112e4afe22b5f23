/* The input is the start of a device. */
#include "tests/fuzz/fuzz.h"

#include "image/rootfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct lb_rootfs before = {.fs = "before", .length_bytes = 4711};
	struct lb_rootfs out = before;
	char uuid[LB_ROOTFS_UUID_MAX] = "u";
	int rc = lb_rootfs_parse(&out, data, n);
	int named = lb_rootfs_uuid(uuid, data, n);

	CHECK(rc == 0 || rc == LB_E(FORMAT) || rc == LB_E(TRUNC) || rc == LB_E(RANGE));
	CHECK(named == rc || (rc == 0 && named == LB_E(TRUNC)));
	CHECK(named < 0 ? strcmp(uuid, "u") == 0 : strlen(uuid) >= 35);
	if (rc < 0) {
		CHECK(out.fs == before.fs && out.length_bytes == before.length_bytes);
		return 0;
	}
	CHECK(strcmp(out.fs, "squashfs") == 0 || strcmp(out.fs, "erofs") == 0);
	/* Whoever rounds it up to the overlay's start must not wrap. */
	CHECK(out.length_bytes >= 96 && out.length_bytes <= INT64_MAX);
	return 0;
}
