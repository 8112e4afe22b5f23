/* What the start of an erase block is. Formats: JFFS2's header in the kernel's uapi/linux/jffs2.h,
 * the marker in OpenWrt's fstools, common.c and mtd.c. */
#include "tests/t.h"

#include <stdbool.h>
#include <stdlib.h>

#include "image/flash_block.h"
#include "tests/jffs2.h"

static uint8_t block[512];

/* In memory of exactly n bytes, so that a look behind its end is seen. */
static enum lb_flash_look look(size_t n)
{
	void *copy = malloc(n ? n : 1);
	enum lb_flash_look found;

	assert_non_null(copy);
	memcpy(copy, block, n);
	found = lb_flash_look(copy, n);
	free(copy);
	return found;
}

static int erased(void **state)
{
	memset(block, 0xFF, sizeof(block));
	return 0;
}

static void look__erased__blank_until_a_bit_differs(void **state)
{
	assert_int_equal(look(sizeof(block)), LB_FLASH_BLANK);
	assert_int_equal(look(1), LB_FLASH_BLANK);
	block[511] = 0xFE;
	assert_int_equal(look(sizeof(block)), LB_FLASH_OTHER);
	assert_int_equal(look(511), LB_FLASH_BLANK);
}

static void look__markers__are_told_apart_and_only_whole(void **state)
{
	memcpy(block, "\xDE\xAD\xC0\xDE", 4);
	assert_int_equal(look(sizeof(block)), LB_FLASH_DEAD);
	assert_int_equal(look(4), LB_FLASH_DEAD);
	assert_int_equal(look(3), LB_FLASH_OTHER);
	memcpy(block, "LBERASE!", 8);
	assert_int_equal(look(sizeof(block)), LB_FLASH_ASKS);
	assert_int_equal(look(7), LB_FLASH_OTHER);
	block[7] = 0xFF; /* torn */
	assert_int_equal(look(sizeof(block)), LB_FLASH_OTHER);
}

static void look__node_in_both_byte_orders__is_a_node(void **state)
{
	for (int little = 0; little < 2; little++) {
		erased(NULL);
		jffs2_head(block, JFFS2_DIRENT, 64, little);
		assert_int_equal(look(sizeof(block)), LB_FLASH_NODE);
		assert_int_equal(look(12), LB_FLASH_NODE);
		assert_int_equal(look(11), LB_FLASH_OTHER);
	}
}

/* On NOR the kernel clears one bit of what it has no use for any more, and leaves the checksum. */
static void look__obsolete_node__is_a_node(void **state)
{
	for (int little = 0; little < 2; little++) {
		erased(NULL);
		jffs2_head(block, JFFS2_DIRENT, 64, little);
		jffs2_put(block + 2, JFFS2_DIRENT & ~0x2000, 2, little);
		assert_int_equal(look(sizeof(block)), LB_FLASH_NODE);
	}
}

static void look__magic_without_a_right_checksum__is_not_jffs2(void **state)
{
	for (unsigned bit = 0; bit < 12 * 8; bit++) {
		erased(NULL);
		jffs2_head(block, JFFS2_DIRENT, 64, jffs2_native());
		block[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bit == (jffs2_native() ? 29u : 21u))
			continue; /* obsolete */
		assert_int_equal(look(sizeof(block)), LB_FLASH_OTHER);
	}
}

static void look__clean_marker__is_clean_only_of_this_cpu_and_alone(void **state)
{
	jffs2_head(block, JFFS2_CLEANMARKER, 12, jffs2_native());
	assert_int_equal(look(sizeof(block)), LB_FLASH_CLEAN);
	block[12] = 0;
	assert_int_equal(look(sizeof(block)), LB_FLASH_NODE);
	erased(NULL);
	jffs2_head(block, JFFS2_CLEANMARKER, 12, !jffs2_native());
	assert_int_equal(look(sizeof(block)), LB_FLASH_NODE);
	erased(NULL);
	jffs2_head(block, JFFS2_CLEANMARKER, 16, jffs2_native());
	assert_int_equal(look(sizeof(block)), LB_FLASH_NODE);
}

static void has_node__anywhere_at_a_multiple_of_four__is_found(void **state)
{
	assert_false(lb_flash_has_node(block, sizeof(block)));
	for (size_t at = 0; at <= sizeof(block) - 12; at++) {
		memset(block, 0x5A, sizeof(block));
		jffs2_head(block + at, JFFS2_DIRENT, 64, at & 4);
		assert_int_equal(lb_flash_has_node(block, sizeof(block)), at % 4 == 0);
		assert_false(lb_flash_has_node(block, at + 11));
	}
}

#define fresh(f) cmocka_unit_test_setup(f, erased)

TESTS(fresh(look__erased__blank_until_a_bit_differs),
      fresh(look__markers__are_told_apart_and_only_whole),
      fresh(look__node_in_both_byte_orders__is_a_node), fresh(look__obsolete_node__is_a_node),
      fresh(look__magic_without_a_right_checksum__is_not_jffs2),
      fresh(look__clean_marker__is_clean_only_of_this_cpu_and_alone),
      fresh(has_node__anywhere_at_a_multiple_of_four__is_found))
