#include "image/fsimage.h"

#include "base/bytes.h"

/* The superblock of ext4: Documentation/filesystems/ext4/super.rst of the kernel. */
#define SUPER_AT	     1024
#define BLOCKS_LOW_AT	     0x4
#define BLOCK_BITS_AT	     0x18 /* less 10 */
#define MAGIC_AT	     0x38
#define INCOMPATIBLE_AT	     0x60
#define BLOCKS_HIGH_AT	     0x150
#define SUPER_BYTES	     1024
#define EXT_MAGIC	     0xEF53
#define INCOMPATIBLE_JOURNAL 0x8  /* the journal of another file system, not one itself */
#define INCOMPATIBLE_64BIT   0x80 /* the high half of the block count counts */
#define BLOCK_BITS_MIN	     10
#define BLOCK_BITS_MAX	     16

/* A field of the superblock, wherever the reader stands. */
static uint64_t field(struct lb_rd super, size_t at, size_t width)
{
	(void)lb_rd_take(&super, at);
	return lb_rd_le(&super, width);
}

static int parse_ext(struct lb_rootfs *out, struct lb_rd super)
{
	uint64_t block_bits = field(super, BLOCK_BITS_AT, 4) + BLOCK_BITS_MIN;
	uint64_t incompatible = field(super, INCOMPATIBLE_AT, 4);
	uint64_t blocks = field(super, BLOCKS_LOW_AT, 4);

	if (incompatible & INCOMPATIBLE_JOURNAL)
		return LB_E(FORMAT);
	if (incompatible & INCOMPATIBLE_64BIT)
		blocks |= field(super, BLOCKS_HIGH_AT, 4) << 32;
	if (block_bits > BLOCK_BITS_MAX || blocks == 0 ||
	    blocks > (uint64_t)INT64_MAX >> block_bits)
		return LB_E(RANGE);
	*out = (struct lb_rootfs){.fs = "ext4", .length_bytes = blocks << block_bits};
	return 0;
}

int lb_fsimage_parse(struct lb_rootfs *out, const void *head, size_t n)
{
	struct lb_rd r = lb_rd_init(head, n);
	struct lb_rd super;
	int rc = lb_rootfs_parse(out, head, n);

	if (rc != LB_E(FORMAT))
		return rc;
	(void)lb_rd_take(&r, SUPER_AT);
	super = r;
	if (field(r, MAGIC_AT, 2) != EXT_MAGIC)
		return LB_E(FORMAT);
	(void)lb_rd_take(&r, SUPER_BYTES);
	return r.bad ? LB_E(TRUNC) : parse_ext(out, super);
}
