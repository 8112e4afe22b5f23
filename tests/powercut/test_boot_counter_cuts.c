/* The boot counter of Linksys' boot loaders on a fake flash chip: the power cut at each page that
 * is programmed and each block that is erased. The count is what it was or 0, and the next try
 * works. */
#include "tests/t.h"

#include <stdlib.h>

#include "plan/boot_counter.h"
#include "plat/boot_counter.h"
#include "plat/fake/flash.h"

#define BLOCK 1024
#define PAGE  256

static struct lb_fake_power power;
static struct lb_fake_flash chip;
static struct plat_mtd mtd;
static uint8_t *kept;
static uint32_t before, count;
static bool was_full;

static void begin(uint32_t blocks, uint32_t page_bytes)
{
	power = (struct lb_fake_power){0};
	lb_fake_flash_init(&chip, &power, blocks, BLOCK, page_bytes);
	mtd = lb_fake_flash_plat(&chip);
	chip.knows_bad = true;
	was_full = false;
	kept = malloc((size_t)blocks * BLOCK);
	assert_non_null(kept);
}

static void end(void)
{
	free(kept);
	lb_fake_flash_release(&chip);
}

/* As the loader has appended it. */
static void put(uint32_t index, uint32_t value)
{
	const uint32_t stride = mtd.page_bytes > 16 ? mtd.page_bytes : 16;
	uint8_t entry[LB_BOOT_COUNTER_BYTES];

	lb_boot_counter_make(entry, value);
	lb_fake_flash_poke(&chip, index * stride / BLOCK, index * stride % BLOCK, entry,
			   sizeof(entry));
}

static void keep(void)
{
	memcpy(kept, chip.bytes, (size_t)chip.block_count * BLOCK);
	assert_int_equal(lb_boot_counter_read(&before, &mtd), 0);
}

static void put_back(void *ctx)
{
	memcpy(chip.bytes, kept, (size_t)chip.block_count * BLOCK);
}

static void clear(void *ctx)
{
	(void)!lb_boot_counter_clear(&mtd);
}

static const char *look(void *ctx)
{
	if (lb_boot_counter_read(&count, &mtd) < 0)
		return "it is no counter any more";
	if (count != before && count != 0 && !was_full)
		return "the count is neither what it was nor 0";
	if (count > 2)
		return "the count is one that never was";
	if (lb_boot_counter_clear(&mtd) < 0)
		return "it cannot be cleared the next time";
	if (lb_boot_counter_read(&count, &mtd) < 0 || count != 0)
		return "it was cleared, and is not 0";
	return NULL;
}

static uint64_t cut_everywhere(void)
{
	const struct lb_fake_scenario s = {.setup = put_back, .run = clear, .check = look};

	keep();
	return lb_fake_power_cuts(&power, &s);
}

static void clear__room_behind_the_last_entry__is_appended(void **state)
{
	begin(2, PAGE);
	put(0, 1);
	put(1, 0);
	put(2, 2);
	assert_true(cut_everywhere() > 2);
	put_back(NULL);
	assert_int_equal(lb_boot_counter_read(&count, &mtd), 0);
	assert_int_equal(count, 2);
	assert_int_equal(lb_boot_counter_clear(&mtd), 0);
	assert_int_equal(lb_boot_counter_read(&count, &mtd), 0);
	assert_int_equal(count, 0);
	assert_int_equal(chip.erases[0] + chip.erases[1], 0);
	end();
}

static void clear__log_is_full__is_erased_and_begun_anew(void **state)
{
	begin(3, PAGE);
	was_full = true;
	for (uint32_t i = 0; i < 3 * BLOCK / PAGE; i++)
		put(i, i % 3 ? i % 3 : 0);
	assert_true(cut_everywhere() > 4);
	put_back(NULL);
	assert_int_equal(lb_boot_counter_clear(&mtd), 0);
	put(1, 1);
	assert_int_equal(lb_boot_counter_read(&count, &mtd), 0);
	assert_int_equal(count, 1);
	end();
}

static void clear__nothing_to_set_back__writes_nothing(void **state)
{
	begin(2, PAGE);
	chip.read_only = true;
	assert_int_equal(lb_boot_counter_clear(&mtd), 0);
	put(0, 3);
	put(1, 0);
	assert_int_equal(lb_boot_counter_clear(&mtd), 0);
	end();
}

static void clear__something_else_lies_there__is_refused_and_stays(void **state)
{
	begin(2, PAGE);
	chip.read_only = true;
	lb_fake_flash_poke(&chip, 0, 0, "bootcmd=run nandboot", 20);
	lb_fake_flash_fill(&chip, 1, 0);
	assert_int_equal(lb_boot_counter_clear(&mtd), LB_E(FORMAT));
	end();
}

static void clear__last_entry_half_written__another_one_behind_it(void **state)
{
	begin(1, PAGE);
	put(0, 2);
	lb_fake_flash_poke(&chip, 0, PAGE, "\x11\x08", 2);
	assert_int_equal(lb_boot_counter_clear(&mtd), 0);
	assert_int_equal(lb_boot_counter_read(&count, &mtd), 0);
	assert_int_equal(count, 0);
	put(3, 1);
	assert_int_equal(lb_boot_counter_read(&count, &mtd), 0);
	assert_int_equal(count, 1);
	end();
}

static void clear__bad_blocks__are_passed_over(void **state)
{
	begin(3, PAGE);
	chip.bad[0] = true;
	for (uint32_t i = 4; i < 8; i++)
		put(i, 1);
	assert_true(cut_everywhere() > 2);
	put_back(NULL);
	assert_int_equal(lb_boot_counter_clear(&mtd), 0);
	assert_int_equal(chip.erases[0] + chip.erases[1] + chip.erases[2], 0);
	chip.bad[1] = chip.bad[2] = true;
	assert_int_equal(lb_boot_counter_clear(&mtd), LB_E(NOSPC));
	end();
}

static void read__nor_flash__entries_are_16_bytes_apart(void **state)
{
	begin(1, 1);
	put(0, 1);
	put(1, 2);
	assert_int_equal(lb_boot_counter_read(&count, &mtd), 0);
	assert_int_equal(count, 2);
	assert_int_equal(lb_boot_counter_clear(&mtd), 0);
	put(3, 1);
	assert_int_equal(lb_boot_counter_read(&count, &mtd), 0);
	assert_int_equal(count, 1);
	end();
}

TESTS(cmocka_unit_test(clear__room_behind_the_last_entry__is_appended),
      cmocka_unit_test(clear__log_is_full__is_erased_and_begun_anew),
      cmocka_unit_test(clear__nothing_to_set_back__writes_nothing),
      cmocka_unit_test(clear__something_else_lies_there__is_refused_and_stays),
      cmocka_unit_test(clear__last_entry_half_written__another_one_behind_it),
      cmocka_unit_test(clear__bad_blocks__are_passed_over),
      cmocka_unit_test(read__nor_flash__entries_are_16_bytes_apart))
