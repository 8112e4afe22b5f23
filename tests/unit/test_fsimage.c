/* Images of file systems: where they end decides how much is written over the root, and what is
 * cleared behind it. */
#define PARSE lb_fsimage_parse
#include "tests/unit/rootfs_bytes.h"

#define SUPER_AT 1024

static void make_ext(uint64_t blocks, unsigned block_bits, uint32_t incompatible)
{
	fill();
	put_le(SUPER_AT + 0x4, blocks, 4);
	put_le(SUPER_AT + 0x18, block_bits - 10, 4);
	put_le(SUPER_AT + 0x38, 0xEF53, 2);
	put_le(SUPER_AT + 0x60, incompatible, 4);
	put_le(SUPER_AT + 0x150, blocks >> 32, 4);
}

static void ext4__each_block_size__length_is_its_blocks(void **state)
{
	for (unsigned bits = 10; bits <= 16; bits++) {
		make_ext(24576, bits, 0x242);
		assert_is("ext4", 24576ull << bits);
	}
}

static void ext4__high_half_of_the_block_count__counts_with_the_feature_only(void **state)
{
	make_ext(0x500000001ull, 12, 0x80);
	assert_is("ext4", 0x500000001ull << 12);
	make_ext(0x500000001ull, 12, 0x2);
	assert_is("ext4", 1ull << 12);
}

static void ext4__length_that_cannot_be__out_of_range(void **state)
{
	make_ext(0, 12, 0);
	assert_refused(LB_E(RANGE));
	make_ext(1000, 17, 0);
	assert_refused(LB_E(RANGE));
	make_ext(1000, 9, 0); /* less 10 this is a very large number */
	assert_refused(LB_E(RANGE));
	make_ext(UINT64_MAX, 12, 0x80);
	assert_refused(LB_E(RANGE));
	make_ext(INT64_MAX >> 16, 16, 0x80);
	assert_is("ext4", INT64_MAX >> 16 << 16);
	make_ext((INT64_MAX >> 16) + 1, 16, 0x80);
	assert_refused(LB_E(RANGE));
}

static void ext4__journal_of_another__is_no_image(void **state)
{
	make_ext(1000, 12, 0x8);
	assert_refused(LB_E(FORMAT));
}

static void ext4__every_truncation__ends_early_or_is_no_image(void **state)
{
	struct lb_rootfs out;

	make_ext(1000, 12, 0x80);
	for (size_t n = 0; n < 2 * SUPER_AT; n++)
		assert_int_equal(parse(&out, n), n < SUPER_AT + 0x3A ? LB_E(FORMAT) : LB_E(TRUNC));
	assert_int_equal(parse(&out, 2 * SUPER_AT), 0);
}

static void readonly_ones__their_superblocks__are_images_too(void **state)
{
	make_ext(1000, 12, 0);
	memcpy(head, "hsqs", 4);
	put_le(40, 8192, 8);
	assert_is("squashfs", 8192);
	put_le(40, 1, 8);
	assert_refused(LB_E(RANGE));
}

static void others__zeroes_ones_and_noise__are_no_image(void **state)
{
	memset(head, 0, sizeof(head));
	assert_refused(LB_E(FORMAT));
	memset(head, 0xFF, sizeof(head));
	assert_refused(LB_E(FORMAT));
	make_ext(1000, 12, 0);
	put_le(SUPER_AT + 0x38, 0xEF54, 2);
	assert_refused(LB_E(FORMAT));
}

TESTS(unit(ext4__each_block_size__length_is_its_blocks),
      unit(ext4__high_half_of_the_block_count__counts_with_the_feature_only),
      unit(ext4__length_that_cannot_be__out_of_range), unit(ext4__journal_of_another__is_no_image),
      unit(ext4__every_truncation__ends_early_or_is_no_image),
      unit(readonly_ones__their_superblocks__are_images_too),
      unit(others__zeroes_ones_and_noise__are_no_image))
