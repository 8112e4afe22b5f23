#include "store/superblock.h"

#include <string.h>

#include "image/btrfs_super.h"

static const uint64_t copies_at[] = LB_BTRFS_COPIES_AT;

static int read_super(const struct plat_block *b, uint64_t at_bytes,
		      uint8_t block[LB_BTRFS_SUPER_BYTES], struct lb_btrfs_super *out)
{
	int rc;

	if (b->size_bytes < LB_BTRFS_SUPER_BYTES || at_bytes > b->size_bytes - LB_BTRFS_SUPER_BYTES)
		return LB_E(RANGE);
	rc = b->read(b->ctx, at_bytes, block, LB_BTRFS_SUPER_BYTES);
	if (rc == 0)
		rc = lb_btrfs_super_parse(out, block, LB_BTRFS_SUPER_BYTES);
	return (rc == 0 || rc == LB_E(CRC)) && out->at_bytes != at_bytes ? LB_E(FORMAT) : rc;
}

/* The newest copy that fits, in `block`. */
static int find_copy(const struct plat_block *b, const struct lb_btrfs_super *torn,
		     uint8_t block[LB_BTRFS_SUPER_BYTES])
{
	struct lb_btrfs_super best = {0}, copy;
	uint8_t bytes[LB_BTRFS_SUPER_BYTES];
	int found = LB_E(NOENT);

	for (size_t i = 0; i < sizeof(copies_at) / sizeof(copies_at[0]); i++) {
		if (read_super(b, copies_at[i], bytes, &copy) < 0 ||
		    !lb_btrfs_super_replaces(&copy, torn) ||
		    (found == 0 && copy.generation <= best.generation))
			continue;
		memcpy(block, bytes, sizeof(bytes));
		best = copy;
		found = 0;
	}
	return found;
}

int lb_superblock_is_torn(const struct plat_block *b)
{
	uint8_t block[LB_BTRFS_SUPER_BYTES];
	struct lb_btrfs_super super;
	int rc = read_super(b, LB_BTRFS_SUPER_AT, block, &super);

	return rc == LB_E(IO) ? rc : rc == LB_E(CRC);
}

int lb_superblock_mend(const struct plat_block *b)
{
	uint8_t block[LB_BTRFS_SUPER_BYTES];
	struct lb_btrfs_super torn;
	int rc = read_super(b, LB_BTRFS_SUPER_AT, block, &torn);

	if (rc != LB_E(CRC))
		return rc == LB_E(IO) ? rc : 0;
	rc = find_copy(b, &torn, block);
	if (rc < 0)
		return rc;
	lb_btrfs_super_move(block, LB_BTRFS_SUPER_AT);
	rc = b->write(b->ctx, LB_BTRFS_SUPER_AT, block, sizeof(block));
	if (rc == 0)
		rc = b->flush(b->ctx);
	return rc < 0 ? rc : 1;
}
