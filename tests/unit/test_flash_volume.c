/* What is on flash, erasing it and asking for that; what cuts leave is in tests/powercut. */
#include "tests/t.h"

#include <stdio.h>

#include "plat/fake/flash.h"
#include "plat/fake/ubi.h"
#include "plat/flash_volume.h"
#include "tests/jffs2.h"
#include "tests/silent.h"

#define BLOCKS	   8
#define BLOCK_SIZE 5120 /* one look and a bit */
#define PAGE_SIZE  256

static struct lb_fake_power power;
static struct lb_fake_flash chip;
static struct plat_mtd mtd;
static struct lb_fake_ubi volume;
static struct plat_ubi ubi;

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_flash_init(&chip, &power, BLOCKS, BLOCK_SIZE, PAGE_SIZE);
	mtd = lb_fake_flash_plat(&chip);
	lb_fake_ubi_init(&volume, &power, 4, 4096);
	ubi = lb_fake_ubi_plat(&volume);
	silence_log();
	return 0;
}

static int stop(void **state)
{
	lb_fake_flash_release(&chip);
	lb_fake_ubi_release(&volume);
	return 0;
}

static void put_node(uint32_t block, uint32_t at, uint16_t type, bool little)
{
	uint8_t head[JFFS2_HEAD_BYTES];

	jffs2_head(head, type, type == JFFS2_CLEANMARKER ? 12 : 64, little);
	lb_fake_flash_poke(&chip, block, at, head, sizeof(head));
}

static void put_clean(uint32_t block)
{
	lb_fake_flash_fill(&chip, block, 0xFF);
	put_node(block, 0, JFFS2_CLEANMARKER, jffs2_native());
}

/* A JFFS2 that was used: nodes in the first blocks, the others erased. */
static void put_jffs2(uint32_t used)
{
	for (uint32_t b = 0; b < BLOCKS; b++) {
		put_clean(b);
		if (b < used)
			put_node(b, 12, JFFS2_DIRENT, jffs2_native());
	}
}

static enum lb_overlay_content content(void)
{
	enum lb_overlay_content found = LB_CONTENT_EXT4;
	bool before = chip.read_only;
	int rc;

	chip.read_only = true;
	rc = lb_mtd_content(&mtd, &found);
	chip.read_only = before;
	assert_int_equal(rc, 0);
	return found;
}

static bool is_blank(uint32_t block)
{
	for (uint32_t i = 0; i < BLOCK_SIZE; i++)
		if (lb_fake_flash_block(&chip, block)[i] != 0xFF)
			return false;
	return true;
}

static unsigned count_blank(void)
{
	unsigned count = 0;

	for (uint32_t b = 0; b < BLOCKS; b++)
		count += is_blank(b);
	return count;
}

static void content__erased_or_clean__is_blank(void **state)
{
	assert_int_equal(content(), LB_CONTENT_BLANK);
	put_clean(2);
	assert_int_equal(content(), LB_CONTENT_BLANK);
	put_jffs2(0);
	assert_int_equal(content(), LB_CONTENT_BLANK);
}

static void content__markers__ask_only_where_they_mean_it(void **state)
{
	lb_fake_flash_poke(&chip, 0, 0, "\xDE\xAD\xC0\xDE", 4);
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
	put_jffs2(1);
	assert_int_equal(content(), LB_CONTENT_JFFS2);
	lb_fake_flash_fill(&chip, 3, 0xFF);
	lb_fake_flash_poke(&chip, 3, 0, "LBERASE!", 8);
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
}

/* OpenWrt ends a file system that came with the image by a marker behind it. */
static void content__marker_behind_jffs2__is_jffs2(void **state)
{
	put_node(0, 0, JFFS2_DIRENT, true);
	lb_fake_flash_poke(&chip, 1, 0, "\xDE\xAD\xC0\xDE", 4);
	assert_int_equal(content(), LB_CONTENT_JFFS2);
}

static void content__jffs2_in_both_byte_orders_in_any_block__is_jffs2(void **state)
{
	for (int little = 0; little < 2; little++)
		for (uint32_t b = 0; b < BLOCKS; b++) {
			for (uint32_t k = 0; k < BLOCKS; k++)
				lb_fake_flash_fill(&chip, k, 0xFF);
			put_node(b, 0, JFFS2_DIRENT, little);
			assert_int_equal(content(), LB_CONTENT_JFFS2);
		}
}

/* A power cut while JFFS2 itself erased its first block. */
static void content__noise_before_jffs2__is_jffs2(void **state)
{
	put_jffs2(3);
	lb_fake_flash_fill(&chip, 0, 0x5A);
	assert_int_equal(content(), LB_CONTENT_JFFS2);
}

static void content__foreign_bytes__are_unknown(void **state)
{
	lb_fake_flash_fill(&chip, 0, 0x5A);
	assert_int_equal(content(), LB_CONTENT_UNKNOWN);
	lb_fake_flash_fill(&chip, 0, 0xFF);
	lb_fake_flash_fill(&chip, 2, 0x5A);
	lb_fake_flash_fill(&chip, 3, 0x00);
	assert_int_equal(content(), LB_CONTENT_UNKNOWN);
	lb_fake_flash_fill(&chip, 2, 0xFF);
	assert_int_equal(content(), LB_CONTENT_BLANK); /* the last step of an erasure was cut */
	put_node(3, 4096, JFFS2_DIRENT, true);	       /* ... but not if there is something in it */
	assert_int_equal(content(), LB_CONTENT_UNKNOWN);
}

static void content__first_block_bad__the_next_one_counts_as_first(void **state)
{
	chip.bad[0] = chip.bad[1] = true;
	lb_fake_flash_poke(&chip, 2, 0, "\xDE\xAD\xC0\xDE", 4);
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
	lb_fake_flash_fill(&chip, 2, 0x5A);
	assert_int_equal(content(), LB_CONTENT_UNKNOWN);
	lb_fake_flash_fill(&chip, 2, 0xFF);
	chip.bad[5] = true;
	assert_int_equal(content(), LB_CONTENT_BLANK);
}

static void content__all_blocks_bad__is_unknown(void **state)
{
	for (uint32_t b = 0; b < BLOCKS; b++)
		chip.bad[b] = true;
	assert_int_equal(content(), LB_CONTENT_UNKNOWN);
}

static void content__block_that_cannot_be_read__is_never_taken_for_blank(void **state)
{
	chip.silent[4] = true;
	assert_int_equal(content(), LB_CONTENT_UNKNOWN);
	put_node(1, 0, JFFS2_DIRENT, true);
	assert_int_equal(content(), LB_CONTENT_JFFS2);
}

static void content__impossible_geometry__is_refused_and_out_untouched(void **state)
{
	struct plat_mtd wrong[4] = {mtd, mtd, mtd, mtd};

	wrong[0].block_count = 0;
	wrong[1].page_bytes = 0;
	wrong[2].page_bytes = 300;
	wrong[3].page_bytes = 32768;
	for (int i = 0; i < 4; i++) {
		enum lb_overlay_content out = LB_CONTENT_EXT4;

		assert_int_equal(lb_mtd_content(&wrong[i], &out), LB_E(UNSUP));
		assert_int_equal(lb_mtd_erase(&wrong[i]), LB_E(UNSUP));
		assert_int_equal(lb_mtd_mark(&wrong[i]), LB_E(UNSUP));
		assert_int_equal(out, LB_CONTENT_EXT4);
	}
	assert_int_equal(power.ops, 0);
}

static void erase__everything_but_bad_blocks__is_blank_and_read_back(void **state)
{
	put_jffs2(6);
	lb_fake_flash_fill(&chip, 3, 0xFF);
	chip.bad[3] = true; /* the fake aborts when it is touched */
	assert_int_equal(lb_mtd_erase(&mtd), 0);
	assert_int_equal(content(), LB_CONTENT_BLANK);
	for (uint32_t b = 0; b < 6; b++)
		assert_true(is_blank(b));
}

/* On a large chip erasing takes minutes, and most of it is free. */
static void erase__free_blocks__are_left_as_they_are(void **state)
{
	put_jffs2(2);
	assert_int_equal(lb_mtd_erase(&mtd), 0);
	assert_int_equal(chip.erases[0], 1);
	assert_int_equal(chip.erases[1], 1);
	for (uint32_t b = 2; b < BLOCKS - 1; b++)
		assert_int_equal(chip.erases[b], 0);
	assert_true(chip.erases[BLOCKS - 1] > 0); /* it asked for the erasure meanwhile */
	assert_int_equal(content(), LB_CONTENT_BLANK);
}

static void erase__something_behind_the_look__goes_as_well(void **state)
{
	put_node(2, BLOCK_SIZE - 12, JFFS2_DIRENT, true);
	assert_int_equal(lb_mtd_erase(&mtd), 0);
	assert_int_equal(count_blank(), BLOCKS);
}

static void erase__block_is_worn__becomes_a_bad_one_where_the_chip_knows_such(void **state)
{
	put_jffs2(6);
	chip.knows_bad = true;
	chip.worn[2] = true;
	assert_int_equal(lb_mtd_erase(&mtd), 0);
	assert_true(chip.bad[2]);
	assert_int_equal(content(), LB_CONTENT_BLANK);
}

static void erase__block_is_worn_on_nor__error_the_rest_is_gone_and_it_still_asks(void **state)
{
	put_jffs2(6);
	chip.worn[2] = true;
	assert_int_equal(lb_mtd_erase(&mtd), LB_E(IO));
	for (uint32_t b = 0; b < 6; b++)
		assert_int_equal(is_blank(b), b != 2);
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
	chip.worn[2] = false;
	assert_int_equal(lb_mtd_erase(&mtd), 0);
}

static void erase__bit_stays__is_found_by_reading_back(void **state)
{
	put_jffs2(6);
	chip.weak[2] = true;
	assert_int_equal(lb_mtd_erase(&mtd), LB_E(IO));
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
}

static void erase__fails_once__is_tried_again(void **state)
{
	put_jffs2(6);
	power.fault_at = 3;
	assert_int_equal(lb_mtd_erase(&mtd), 0);
	assert_true(power.fault_came);
	assert_int_equal(content(), LB_CONTENT_BLANK);
}

static void mark__of_a_jffs2__asks_for_us_and_for_openwrt(void **state)
{
	put_jffs2(4);
	assert_int_equal(lb_mtd_mark(&mtd), 0);
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
	assert_memory_equal(lb_fake_flash_block(&chip, 0), "\xDE\xAD\xC0\xDE", 4);
	for (uint32_t b = 1; b < 4; b++)
		assert_int_equal(chip.erases[b], 0);
	assert_int_equal(lb_mtd_mark(&mtd), 0); /* asked twice */
	assert_int_equal(lb_mtd_erase(&mtd), 0);
	assert_int_equal(content(), LB_CONTENT_BLANK);
}

static void mark__no_block_is_free__asks_all_the_same(void **state)
{
	put_jffs2(BLOCKS);
	assert_int_equal(lb_mtd_mark(&mtd), 0);
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
	assert_int_equal(lb_mtd_erase(&mtd), 0);
	assert_int_equal(count_blank(), BLOCKS);
}

static void mark__first_block_bad_or_worn__asks_all_the_same(void **state)
{
	put_jffs2(4);
	chip.bad[0] = true;
	chip.worn[1] = true;
	assert_int_equal(lb_mtd_mark(&mtd), 0);
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
}

/* The first block gets OpenWrt's marker later: another one has to ask meanwhile. */
static void mark__only_the_first_block_is_free__another_one_asks(void **state)
{
	put_jffs2(BLOCKS);
	lb_fake_flash_fill(&chip, 0, 0xFF);
	power.fault_at = 4; /* erase and program one block, erase the first */
	assert_int_equal(lb_mtd_mark(&mtd), 0);
	assert_true(power.fault_came);
	assert_memory_equal(lb_fake_flash_block(&chip, BLOCKS - 1), "LBERASE!", 8);
}

static void mark__does_not_read_back__error_and_the_file_system_is_whole(void **state)
{
	put_jffs2(4);
	for (uint32_t b = 0; b < BLOCKS; b++)
		chip.stuck[b] = true;
	chip.worn[BLOCKS - 1] = true;
	assert_int_equal(lb_mtd_mark(&mtd), LB_E(IO));
	assert_int_equal(content(), LB_CONTENT_JFFS2);
	for (uint32_t b = 0; b < 4; b++)
		assert_int_equal(chip.erases[b], 0);
}

static void mark__one_free_block_does_not_take_it__the_next_one_does(void **state)
{
	put_jffs2(4);
	chip.stuck[BLOCKS - 1] = true;
	chip.worn[BLOCKS - 2] = true;
	assert_int_equal(lb_mtd_mark(&mtd), 0);
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
	assert_memory_equal(lb_fake_flash_block(&chip, BLOCKS - 3), "LBERASE!", 8);
}

static void ubi__each_content__is_told(void **state)
{
	enum lb_overlay_content found;

	assert_int_equal(lb_ubi_content(&ubi, &found), 0);
	assert_int_equal(found, LB_CONTENT_BLANK);
	lb_fake_ubi_poke(&volume, 3, "x", 1);
	assert_int_equal(lb_ubi_content(&ubi, &found), 0);
	assert_int_equal(found, LB_CONTENT_UNKNOWN);
	lb_fake_ubi_poke(&volume, 0, "\x31\x18\x10\x06", 4);
	assert_int_equal(lb_ubi_content(&ubi, &found), 0);
	assert_int_equal(found, LB_CONTENT_UBIFS);
	lb_fake_ubi_poke(&volume, 0, "\xDE\xAD\xC0\xDE", 4);
	assert_int_equal(lb_ubi_content(&ubi, &found), 0);
	assert_int_equal(found, LB_CONTENT_DEADCODE);
	lb_fake_ubi_poke(&volume, 0, "tar ball", 8);
	assert_int_equal(lb_ubi_content(&ubi, &found), 0);
	assert_int_equal(found, LB_CONTENT_UNKNOWN);
	volume.state.updating = true;
	assert_int_equal(lb_ubi_content(&ubi, &found), 0);
	assert_int_equal(found, LB_CONTENT_DEADCODE);
}

static void ubi__emptied__is_blank_or_an_error(void **state)
{
	enum lb_overlay_content found;

	lb_fake_ubi_poke(&volume, 0, "\x31\x18\x10\x06", 4);
	volume.mounted = true;
	assert_int_equal(lb_ubi_empty(&ubi), LB_E(BUSY));
	volume.mounted = false;
	volume.keeps = true;
	assert_int_equal(lb_ubi_empty(&ubi), LB_E(IO));
	volume.keeps = false;
	volume.state.updating = true;
	assert_int_equal(lb_ubi_empty(&ubi), 0);
	assert_int_equal(lb_ubi_content(&ubi, &found), 0);
	assert_int_equal(found, LB_CONTENT_BLANK);
}

#define fresh(f) cmocka_unit_test_setup_teardown(f, start, stop)

TESTS(fresh(content__erased_or_clean__is_blank),
      fresh(content__markers__ask_only_where_they_mean_it),
      fresh(content__marker_behind_jffs2__is_jffs2),
      fresh(content__jffs2_in_both_byte_orders_in_any_block__is_jffs2),
      fresh(content__noise_before_jffs2__is_jffs2), fresh(content__foreign_bytes__are_unknown),
      fresh(content__first_block_bad__the_next_one_counts_as_first),
      fresh(content__all_blocks_bad__is_unknown),
      fresh(content__block_that_cannot_be_read__is_never_taken_for_blank),
      fresh(content__impossible_geometry__is_refused_and_out_untouched),
      fresh(erase__everything_but_bad_blocks__is_blank_and_read_back),
      fresh(erase__free_blocks__are_left_as_they_are),
      fresh(erase__something_behind_the_look__goes_as_well),
      fresh(erase__block_is_worn__becomes_a_bad_one_where_the_chip_knows_such),
      fresh(erase__block_is_worn_on_nor__error_the_rest_is_gone_and_it_still_asks),
      fresh(erase__bit_stays__is_found_by_reading_back), fresh(erase__fails_once__is_tried_again),
      fresh(mark__of_a_jffs2__asks_for_us_and_for_openwrt),
      fresh(mark__no_block_is_free__asks_all_the_same),
      fresh(mark__first_block_bad_or_worn__asks_all_the_same),
      fresh(mark__only_the_first_block_is_free__another_one_asks),
      fresh(mark__does_not_read_back__error_and_the_file_system_is_whole),
      fresh(mark__one_free_block_does_not_take_it__the_next_one_does),
      fresh(ubi__each_content__is_told), fresh(ubi__emptied__is_blank_or_an_error))
