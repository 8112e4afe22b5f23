/* The input is what lies where a superblock of btrfs should be. */
#include "tests/fuzz/fuzz.h"

#include "image/btrfs_super.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct lb_btrfs_super before = {.at_bytes = 4711, .generation = 4711};
	struct lb_btrfs_super out = before, again;
	uint8_t block[LB_BTRFS_SUPER_BYTES];
	int rc = lb_btrfs_super_parse(&out, data, n);

	CHECK(rc == 0 || rc == LB_E(CRC) || rc == LB_E(TRUNC) || rc == LB_E(FORMAT) ||
	      rc == LB_E(UNSUP));
	CHECK((rc == LB_E(TRUNC)) == (n < sizeof(block)));
	if (rc != 0 && rc != LB_E(CRC)) {
		CHECK(memcmp(&out, &before, sizeof(out)) == 0);
		return 0;
	}
	CHECK(lb_btrfs_super_replaces(&out, &out));
	/* Where it is put it is whole, and the same. */
	memcpy(block, data, sizeof(block));
	lb_btrfs_super_move(block, LB_BTRFS_SUPER_AT);
	CHECK(lb_btrfs_super_parse(&again, block, sizeof(block)) == 0);
	CHECK(again.at_bytes == LB_BTRFS_SUPER_AT && again.generation == out.generation);
	CHECK(memcmp(again.fsid, out.fsid, sizeof(out.fsid)) == 0);
	return 0;
}
