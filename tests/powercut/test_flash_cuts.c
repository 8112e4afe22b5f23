/* Asking for the erasure of the overlay on flash, and erasing it, with the power cut at each
 * operation and again at each operation of the next attempt. What is allowed: a file system that
 * lacks nothing, or a place of which lb_*_content() says that it is to be formatted. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "plat/fake/flash.h"
#include "plat/fake/ubi.h"
#include "plat/flash_volume.h"
#include "tests/jffs2.h"
#include "tests/silent.h"

#define BLOCKS	   7
#define BLOCK_SIZE 128
#define UBI_BLOCKS 5

static struct lb_fake_power power;
static struct lb_fake_flash chip;
static struct plat_mtd mtd;
static struct lb_fake_ubi volume;
static struct plat_ubi ubi;

/* The flash before the scenario: how it is made, and again after a first cut. */
static uint8_t begin[BLOCKS * BLOCK_SIZE];
static uint8_t whole[BLOCKS * BLOCK_SIZE]; /* the owner's file system */
static int (*deed)(const struct plat_mtd *m);
static bool may_be_whole;   /* nobody has asked for the erasure before */
static uint64_t cuts_after; /* in the attempt after the cut */

static int start_with(uint32_t page_bytes)
{
	power = (struct lb_fake_power){0};
	lb_fake_flash_init(&chip, &power, BLOCKS, BLOCK_SIZE, page_bytes);
	mtd = lb_fake_flash_plat(&chip);
	lb_fake_ubi_init(&volume, &power, UBI_BLOCKS, 64);
	ubi = lb_fake_ubi_plat(&volume);
	silence_log();
	return 0;
}

static int start_nand(void **state)
{
	return start_with(32);
}

static int start_nor(void **state)
{
	return start_with(1);
}

static int stop(void **state)
{
	lb_fake_flash_release(&chip);
	lb_fake_ubi_release(&volume);
	return 0;
}

static void put_block(uint32_t block, bool used)
{
	uint8_t head[JFFS2_HEAD_BYTES];

	lb_fake_flash_fill(&chip, block, 0xFF);
	jffs2_head(head, JFFS2_CLEANMARKER, 12, jffs2_native());
	lb_fake_flash_poke(&chip, block, 0, head, sizeof(head));
	jffs2_head(head, JFFS2_DIRENT, 64, jffs2_native());
	for (uint32_t at = 16; used && at < BLOCK_SIZE - 16; at += 28)
		lb_fake_flash_poke(&chip, block, at, head, sizeof(head));
}

/* A file system of that many blocks; bit b of bad: block b is a bad one. */
static void put_world(uint32_t used, unsigned bad, bool marked)
{
	for (uint32_t b = 0; b < BLOCKS; b++) {
		chip.bad[b] = bad >> b & 1;
		put_block(b, used > 0 && b < used);
		if (used == 0)
			lb_fake_flash_fill(&chip, b, 0xFF);
	}
	memcpy(whole, lb_fake_flash_block(&chip, 0), sizeof(whole));
	if (marked) {
		uint32_t first = bad & 1;

		lb_fake_flash_fill(&chip, first, 0xFF);
		lb_fake_flash_poke(&chip, first, 0, "\xDE\xAD\xC0\xDE", 4);
	}
	memcpy(begin, lb_fake_flash_block(&chip, 0), sizeof(begin));
	may_be_whole = !marked && used > 0;
}

static void put_back(void *ctx)
{
	lb_fake_flash_poke(&chip, 0, 0, begin, sizeof(begin));
}

static void do_deed(void *ctx)
{
	(void)!deed(&mtd);
}

/* Every node of the owner is where it was. */
static bool is_whole(void)
{
	for (uint32_t b = 0; b < BLOCKS; b++) {
		const uint8_t *was = whole + b * BLOCK_SIZE;

		if (!chip.bad[b] && (was[16] == 0x85 || was[16] == 0x19) &&
		    memcmp(was, lb_fake_flash_block(&chip, b), BLOCK_SIZE) != 0)
			return false;
	}
	return true;
}

static const char *look(void)
{
	enum lb_overlay_content content;

	if (lb_mtd_content(&mtd, &content) < 0)
		return "nothing can be told of the flash";
	if (content == LB_CONTENT_DEADCODE || content == LB_CONTENT_BLANK)
		return NULL;
	if (content != LB_CONTENT_JFFS2)
		return "nobody will format it";
	return may_be_whole && is_whole() ? NULL : "half of a file system";
}

static const char *check_once(void *ctx)
{
	return look();
}

static const char *check_and_erase(void *ctx)
{
	enum lb_overlay_content content;
	const char *wrong = look();

	if (wrong)
		return wrong;
	if (lb_mtd_erase(&mtd) < 0 || lb_mtd_content(&mtd, &content) < 0 ||
	    content != LB_CONTENT_BLANK)
		return "it cannot be erased any more";
	return NULL;
}

/* The boot after the cut erases, and is cut as well. */
static const char *check_under_second_cuts(void *ctx)
{
	static const struct lb_fake_scenario again = {
		.setup = put_back, .run = do_deed, .check = check_and_erase};
	uint8_t outer[sizeof(begin)];
	const struct lb_fake_fate fate = power.fate;
	const uint64_t at_stake = power.at_stake, under_way = power.under_way;
	int (*const outer_deed)(const struct plat_mtd *m) = deed;
	const bool outer_may = may_be_whole;
	enum lb_overlay_content content;
	const char *wrong = look();

	if (wrong || lb_mtd_content(&mtd, &content) < 0)
		return wrong ? wrong : "nothing can be told of the flash";
	memcpy(outer, begin, sizeof(outer));
	memcpy(begin, lb_fake_flash_block(&chip, 0), sizeof(begin));
	deed = lb_mtd_erase;
	may_be_whole = content == LB_CONTENT_JFFS2;
	cuts_after += lb_fake_power_cuts(&power, &again);
	memcpy(begin, outer, sizeof(begin));
	deed = outer_deed;
	may_be_whole = outer_may;
	power.fate = fate;
	power.at_stake = at_stake;
	power.under_way = under_way;
	return NULL;
}

/* Worlds in which a block is free, or the erasure was asked for before. */
static uint64_t in_every_world(const struct lb_fake_scenario *s)
{
	static const unsigned bad[] = {0, 1, 1u << 3 | 1u << 6, 1u << 5};
	uint64_t cuts = 0;

	for (uint32_t used = 0; used <= BLOCKS; used++)
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			for (int marked = 0; marked < 2; marked++) {
				unsigned free = 0;

				for (uint32_t b = used; b < BLOCKS; b++)
					free += !(bad[i] >> b & 1);
				if (!marked && free == 0)
					continue;
				put_world(used, bad[i], marked);
				cuts += lb_fake_power_cuts(&power, s);
			}
	return cuts;
}

static void mtd__marked_and_cut_at_every_operation__is_whole_or_asks(void **state)
{
	const struct lb_fake_scenario s = {
		.setup = put_back, .run = do_deed, .check = check_under_second_cuts};
	uint64_t cuts;

	deed = lb_mtd_mark;
	cuts_after = 0;
	cuts = in_every_world(&s);
	print_message("power cuts: %" PRIu64 ", and after them %" PRIu64 "\n", cuts, cuts_after);
	assert_true(cuts > 1000 && cuts_after > 100 * cuts);
}

static void mtd__erased_and_cut_at_every_operation__is_whole_or_asks(void **state)
{
	const struct lb_fake_scenario s = {
		.setup = put_back, .run = do_deed, .check = check_and_erase};
	uint64_t cuts;

	deed = lb_mtd_erase;
	cuts = in_every_world(&s);
	print_message("power cuts: %" PRIu64 "\n", cuts);
	assert_true(cuts > 5000);
}

static void mtd__each_operation_fails__is_whole_or_asks(void **state)
{
	const struct lb_fake_scenario s = {.setup = put_back, .run = do_deed, .check = check_once};
	uint64_t fails = 0;

	for (uint32_t used = 0; used < BLOCKS; used++)
		for (int marked = 0; marked < 2; marked++)
			for (int erase = 0; erase < 2; erase++) {
				deed = erase ? lb_mtd_erase : lb_mtd_mark;
				put_world(used, 1u << 2, marked);
				fails += lb_fake_power_fails(&power, &s);
			}
	print_message("operations that failed: %" PRIu64 "\n", fails);
	assert_true(fails > 100);
}

static void put_volume(void *ctx)
{
	volume.state = (struct lb_fake_ubi_state){0};
	for (uint32_t b = 0; b < UBI_BLOCKS; b++)
		lb_fake_ubi_poke(&volume, b, "\x31\x18\x10\x06", 4);
}

static void empty(void *ctx)
{
	(void)!lb_ubi_empty(&ubi);
}

static const char *check_volume(void *ctx)
{
	enum lb_overlay_content content;

	if (lb_ubi_content(&ubi, &content) < 0)
		return "nothing can be told of the volume";
	if (content == LB_CONTENT_UBIFS)
		for (uint32_t b = 0; b < UBI_BLOCKS; b++)
			if (!volume.state.mapped[b])
				return "half of a file system";
	if (content == LB_CONTENT_UNKNOWN)
		return "nobody will format it";
	if (lb_ubi_empty(&ubi) < 0 || lb_ubi_content(&ubi, &content) < 0 ||
	    content != LB_CONTENT_BLANK)
		return "it cannot be emptied any more";
	return NULL;
}

static void ubi__emptied_and_cut_at_every_stage__is_whole_or_asks(void **state)
{
	const struct lb_fake_scenario s = {
		.setup = put_volume, .run = empty, .check = check_volume};
	uint64_t cuts = lb_fake_power_cuts(&power, &s);

	print_message("power cuts: %" PRIu64 "\n", cuts);
	assert_true(cuts > 20);
}

#define nand(f)                                        \
	{                                              \
		"nand: " #f, f, start_nand, stop, NULL \
	}
#define nor(f)                                       \
	{                                            \
		"nor: " #f, f, start_nor, stop, NULL \
	}

TESTS(nand(mtd__marked_and_cut_at_every_operation__is_whole_or_asks),
      nand(mtd__erased_and_cut_at_every_operation__is_whole_or_asks),
      nand(mtd__each_operation_fails__is_whole_or_asks),
      nor(mtd__marked_and_cut_at_every_operation__is_whole_or_asks),
      nor(mtd__erased_and_cut_at_every_operation__is_whole_or_asks),
      nor(mtd__each_operation_fails__is_whole_or_asks),
      nand(ubi__emptied_and_cut_at_every_stage__is_whole_or_asks))
