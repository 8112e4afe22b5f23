/* Read-only root file systems: where they end decides where the owner's data starts. Offsets:
 * OpenWrt's fstools, libfstools. */
#define PARSE lb_rootfs_parse
#include "tests/unit/rootfs_bytes.h"

#define SUPER_AT 1024 /* of EROFS */

static void make_squashfs(uint64_t bytes_used)
{
	fill();
	memcpy(head, "hsqs", 4);
	put_le(40, bytes_used, 8);
}

static void make_erofs(unsigned block_bits, uint32_t blocks)
{
	fill();
	put_le(SUPER_AT, 0xE0F5E1E2, 4);
	put_le(SUPER_AT + 12, block_bits, 1);
	put_le(SUPER_AT + 36, blocks, 4);
}

static void squashfs__its_superblock__length_is_bytes_used(void **state)
{
	static const uint64_t lengths[] = {96, 97, 65536, 3145729, 0x123456789ABC, INT64_MAX};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		make_squashfs(lengths[i]);
		assert_is("squashfs", lengths[i]);
	}
}

static void squashfs__length_that_cannot_be__out_of_range(void **state)
{
	static const uint64_t lengths[] = {
		0, 1, 95, (uint64_t)INT64_MAX + 1, UINT64_MAX - 65535, UINT64_MAX};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		make_squashfs(lengths[i]);
		assert_refused(LB_E(RANGE));
	}
}

static void squashfs__every_truncation__ends_early_or_is_no_squashfs(void **state)
{
	struct lb_rootfs out;

	make_squashfs(4096);
	for (size_t n = 0; n < 48; n++)
		assert_int_equal(parse(&out, n), n < 4 ? LB_E(FORMAT) : LB_E(TRUNC));
	for (size_t n = 48; n <= sizeof(head); n++)
		assert_int_equal(parse(&out, n), 0);
}

static void erofs__each_block_size__length_is_its_blocks(void **state)
{
	for (unsigned bits = 9; bits <= 16; bits++) {
		make_erofs(bits, 1234);
		assert_is("erofs", 1234ull << bits);
	}
	make_erofs(16, UINT32_MAX); /* 256 TiB: more than 32 bits */
	assert_is("erofs", (uint64_t)UINT32_MAX << 16);
}

static void erofs__block_size_or_count_that_cannot_be__out_of_range(void **state)
{
	for (unsigned bits = 0; bits < 256; bits++) {
		if (bits >= 9 && bits <= 16)
			continue;
		make_erofs(bits, 1234);
		assert_refused(LB_E(RANGE));
	}
	make_erofs(12, 0);
	assert_refused(LB_E(RANGE));
}

static void erofs__every_truncation__ends_early_or_is_no_erofs(void **state)
{
	struct lb_rootfs out;

	make_erofs(12, 1000);
	for (size_t n = 0; n < SUPER_AT + 40; n++)
		assert_int_equal(parse(&out, n), n < SUPER_AT + 4 ? LB_E(FORMAT) : LB_E(TRUNC));
	for (size_t n = SUPER_AT + 40; n <= sizeof(head); n++)
		assert_int_equal(parse(&out, n), 0);
}

static void others__their_heads__are_no_read_only_root(void **state)
{
	fill();
	assert_refused(LB_E(FORMAT));
	memset(head, 0, sizeof(head));
	assert_refused(LB_E(FORMAT));
	memset(head, 0xFF, sizeof(head));
	assert_refused(LB_E(FORMAT));
	put_le(1024 + 56, 0xEF53, 2); /* ext4 */
	assert_refused(LB_E(FORMAT));
	memcpy(head, "sqsh", 4); /* a big-endian squashfs, which Linux does not mount either */
	assert_refused(LB_E(FORMAT));
}

static void both_magics__squashfs_first_as_the_kernel_is_told(void **state)
{
	make_erofs(12, 1000);
	memcpy(head, "hsqs", 4);
	put_le(40, 8192, 8);
	assert_is("squashfs", 8192);
}

static void assert_uuid(const char *uuid)
{
	char out[LB_ROOTFS_UUID_MAX];

	assert_int_equal(lb_rootfs_uuid(out, head, sizeof(head)), 0);
	assert_string_equal(out, uuid);
}

static void uuid__of_an_erofs_and_a_squashfs__changes_with_the_image(void **state)
{
	char one[LB_ROOTFS_UUID_MAX], other[LB_ROOTFS_UUID_MAX];

	make_erofs(12, 1000);
	for (uint8_t i = 0; i < 16; i++)
		head[SUPER_AT + 48 + i] = (uint8_t)(i * 0x11);
	assert_uuid("00112233-4455-6677-8899-aabbccddeeff");
	make_squashfs(0x123456);
	put_le(4, 0x2a, 4);
	put_le(8, 0x65432100, 4);
	assert_int_equal(lb_rootfs_uuid(one, head, sizeof(head)), 0);
	assert_memory_equal(one, "0000002a-65432100-00123456-", 27);
	head[95] ^= 1; /* the last table lies elsewhere */
	assert_int_equal(lb_rootfs_uuid(other, head, sizeof(head)), 0);
	assert_string_not_equal(one, other);
	head[95] ^= 1;
	head[96] ^= 1; /* behind the superblock */
	assert_uuid(one);
	assert_int_equal(lb_rootfs_uuid(other, head, 95), LB_E(TRUNC));
	head[0] = 'x';
	memcpy(other, one, sizeof(one));
	assert_int_equal(lb_rootfs_uuid(other, head, sizeof(head)), LB_E(FORMAT));
	assert_string_equal(other, one);
}

TESTS(unit(uuid__of_an_erofs_and_a_squashfs__changes_with_the_image),
      unit(squashfs__its_superblock__length_is_bytes_used),
      unit(squashfs__length_that_cannot_be__out_of_range),
      unit(squashfs__every_truncation__ends_early_or_is_no_squashfs),
      unit(erofs__each_block_size__length_is_its_blocks),
      unit(erofs__block_size_or_count_that_cannot_be__out_of_range),
      unit(erofs__every_truncation__ends_early_or_is_no_erofs),
      unit(others__their_heads__are_no_read_only_root),
      unit(both_magics__squashfs_first_as_the_kernel_is_told))
