/* The card of a router gets a partition table, cut or failing at each operation: there is the table
 * that was there, or the new one, or none where there was none; a second try ends it, and no byte
 * of a partition is touched. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "image/gpt.h"
#include "install/card_table.h"
#include "install/disk_table.h"
#include "plat/fake/block.h"

#define SECTOR	     512u
#define MIB	     (1u << 20)
#define DISK_BYTES   (4 * MIB)
#define INSIDE	     MIB       /* from here to there are partitions */
#define INSIDE_BYTES (2 * MIB) /* behind it is the backup */

static const struct lb_ptable_layout gpt = {.kind = LB_PTABLE_GPT,
					    .first_mib = 1,
					    .count = 2,
					    .part = {{"lifeboat", 1}, {"rootfs", 0}}};
static const struct lb_ptable_layout mbr = {.kind = LB_PTABLE_MBR,
					    .first_mib = 1,
					    .count = 2,
					    .part = {{"lifeboat", 1}, {"rootfs", 0}}};

static struct lb_fake_power power;
static struct lb_fake_block block;
static struct plat_block disk;
static uint8_t before[DISK_BYTES], now[DISK_BYTES];
static struct lb_card_table table, again;
static struct lb_card_table_ask ask;
static enum lb_card_found begun_with;
static uint8_t identity[56]; /* type, number, place and flags of the first partition */
static int rc;

static void put_before(void)
{
	lb_fake_power_on(&power);
	lb_fake_block_poke(&block, 0, before, sizeof(before));
}

static int look(struct lb_card_table *out)
{
	return lb_card_table_look(out, &disk, SECTOR, &ask);
}

static void setup(void *ctx)
{
	put_before();
}

static void run(void *ctx)
{
	rc = look(&table);
	if (rc == 0)
		rc = lb_card_table_put(&table, &disk);
}

static bool keeps_partitions(void)
{
	lb_fake_block_peek(&block, 0, now, sizeof(now));
	return memcmp(now + INSIDE, before + INSIDE, INSIDE_BYTES) == 0;
}

static bool had_a_table(void)
{
	return begun_with != LB_CARD_BLANK;
}

static const char *check(void *ctx)
{
	static struct lb_ptable some;
	bool from_backup;

	if (!keeps_partitions())
		return "a partition was touched";
	if (had_a_table() && lb_disk_table_find(&some, &disk, SECTOR, &from_backup) < 0)
		return "no copy of the table is whole";
	if (had_a_table() && (some.count == 0 || some.part[0].first != MIB / SECTOR))
		return "the partition that was there is lost";
	if (look(&again) < 0 || again.found == LB_CARD_OTHERS)
		return "what is there is taken for somebody else's";
	if (lb_card_table_put(&again, &disk) < 0 || look(&again) < 0 || again.found != LB_CARD_FINE)
		return "a second try does not end it";
	if (!keeps_partitions())
		return "a second try touches a partition";
	if (had_a_table() && memcmp(again.table.part[0].entry, identity, sizeof(identity)) != 0)
		return "the partition that was there has another identity";
	return NULL;
}

static const char *check_failed(void *ctx)
{
	return rc == 0 ? "it says that it went well" : check(ctx);
}

static const struct lb_fake_scenario cuts = {.setup = setup, .run = run, .check = check};
static const struct lb_fake_scenario fails = {.setup = setup, .run = run, .check = check_failed};

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_block_init(&block, &power, DISK_BYTES);
	disk = lb_fake_block_plat(&block);
	ask = (struct lb_card_table_ask){.layout = &gpt, .root = 2, .by_name = true};
	for (size_t i = 0; i < sizeof(ask.ids); i++)
		((uint8_t *)ask.ids)[i] = (uint8_t)(i * 7 + 1);
	memset(before, 0, sizeof(before));
	for (size_t i = 0; i < INSIDE_BYTES; i++)
		before[INSIDE + i] = (uint8_t)(i >> 9);
	put_before();
	return 0;
}

static int stop(void **state)
{
	lb_fake_block_release(&block);
	return 0;
}

/* The table of `layout` is what is there before. */
static void begin_with(const struct lb_ptable_layout *layout)
{
	const struct lb_ptable_layout *wanted = ask.layout;

	ask.layout = layout;
	run(NULL);
	assert_int_equal(rc, 0);
	ask.layout = wanted;
	lb_fake_block_peek(&block, 0, before, sizeof(before));
}

static void cut_and_fail(enum lb_card_found expected)
{
	uint64_t count;

	assert_int_equal(look(&table), 0);
	assert_int_equal(table.found, expected);
	begun_with = expected;
	memcpy(identity, table.on_disk.part[0].entry, sizeof(identity));
	count = lb_fake_power_cuts(&power, &cuts);
	print_message("%" PRIu64 " power cuts\n", count);
	assert_true(count > 4);
	assert_true(lb_fake_power_fails(&power, &fails) > 4);
}

static void table__on_a_blank_card__is_whole_or_not_there(void **state)
{
	cut_and_fail(LB_CARD_BLANK);
}

static void table__mbr_on_a_blank_card__is_whole_or_not_there(void **state)
{
	ask.layout = &mbr;
	ask.by_name = false;
	cut_and_fail(LB_CARD_BLANK);
}

static void table__that_lacks_the_root__is_the_old_or_the_new_one(void **state)
{
	static struct lb_ptable_layout record_only;

	record_only = gpt;
	record_only.count = 1;
	ask.root = 1;
	begin_with(&record_only);
	ask.root = 2;
	cut_and_fail(LB_CARD_OURS);
}

static void table__of_which_the_start_is_gone__comes_back_from_its_backup(void **state)
{
	begin_with(&gpt);
	memset(before, 0, INSIDE);
	put_before();
	cut_and_fail(LB_CARD_MENDED);
}

static void table__with_the_root__is_left_alone(void **state)
{
	begin_with(&gpt);
	run(NULL);
	assert_int_equal(rc, 0);
	assert_int_equal(table.found, LB_CARD_FINE);
	lb_fake_block_peek(&block, 0, now, sizeof(now));
	assert_memory_equal(now, before, sizeof(now));
}

static void table__of_somebody_else__is_his_unless_all_of_it_may_go(void **state)
{
	static const struct lb_ptable_layout photos = {
		.kind = LB_PTABLE_GPT, .first_mib = 1, .count = 1, .part = {{"photos", 0}}};

	ask.by_name = false;
	ask.root = 1;
	begin_with(&photos);
	ask.by_name = true;
	ask.root = 2;
	assert_int_equal(look(&table), 0);
	assert_int_equal(table.found, LB_CARD_OTHERS);
	ask.whole = true;
	run(NULL);
	assert_int_equal(rc, 0);
	ask.whole = false;
	assert_int_equal(look(&table), 0);
	assert_int_equal(table.found, LB_CARD_FINE);
	assert_int_equal(lb_card_table_root_bytes(&table), MIB);
}

/* --- given away with the medkit that lies there */

static const struct lb_ptable_layout photos = {
	.kind = LB_PTABLE_MBR, .first_mib = 1, .count = 1, .part = {{"photos", 0}}};
static const struct lb_ptable_layout two = {
	.kind = LB_PTABLE_MBR, .first_mib = 1, .count = 2, .part = {{"photos", 1}, {"more", 0}}};

static void begin_with_other(const struct lb_ptable_layout *layout)
{
	ask.by_name = false;
	ask.root = 1;
	begin_with(layout);
	ask.by_name = true;
	ask.root = 2;
}

/* Either all of it is there, or the table of the board file: and another try, with the medkit from
 * there or elsewhere, ends it. */
static const char *check_given(void *ctx)
{
	static struct lb_ptable some;
	bool from_backup;

	lb_fake_block_peek(&block, 0, now, sizeof(now));
	if (lb_disk_table_find(&some, &disk, SECTOR, &from_backup) < 0)
		return "no copy of a table is whole";
	if (some.count == 1 && memcmp(now + INSIDE, before + INSIDE, INSIDE_BYTES) != 0)
		return "the partition is still there, and not what is in it";
	if (some.count == 2)
		ask.given = LB_CARD_GIVEN_NOTHING;
	run(NULL);
	ask.given = LB_CARD_GIVEN_PART;
	if (rc < 0 || look(&again) < 0 || again.found != LB_CARD_FINE)
		return "a second try does not end it";
	return NULL;
}

static void table__in_place_of_the_only_partition__that_is_whole_until_it_is_there(void **state)
{
	static const struct lb_fake_scenario given = {
		.setup = setup, .run = run, .check = check_given};
	static const uint8_t zeros[64 << 10];

	begin_with_other(&photos);
	ask.given = LB_CARD_GIVEN_PART;
	ask.given_first = MIB / SECTOR;
	assert_int_equal(look(&table), 0);
	assert_int_equal(table.found, LB_CARD_OURS);
	assert_true(lb_fake_power_cuts(&power, &given) > 4);
	put_before();
	run(NULL);
	assert_int_equal(rc, 0);
	lb_fake_block_peek(&block, 0, now, sizeof(now));
	assert_memory_equal(now + INSIDE, zeros, sizeof(zeros));
	assert_int_equal(look(&again), 0);
	assert_int_equal(again.found, LB_CARD_FINE);
}

static void look__at_more_than_was_given__finds_somebody_elses(void **state)
{
	begin_with_other(&two);
	ask.given = LB_CARD_GIVEN_PART;
	ask.given_first = MIB / SECTOR;
	assert_int_equal(look(&table), 0);
	assert_int_equal(table.found, LB_CARD_OTHERS);
	ask.given = LB_CARD_GIVEN_DISK;
	assert_int_equal(look(&table), 0);
	assert_int_equal(table.found, LB_CARD_OTHERS);

	begin_with_other(&photos);
	ask.given = LB_CARD_GIVEN_PART;
	ask.given_first = MIB / SECTOR + 1;
	assert_int_equal(look(&table), 0);
	assert_int_equal(table.found, LB_CARD_OTHERS);
	ask.given = LB_CARD_GIVEN_DISK;
	assert_int_equal(look(&table), 0);
	assert_int_equal(table.found, LB_CARD_OTHERS);
}

#define FS_BYTES (68u << 10) /* as far as superblocks reach */
#define RESERVED 4096u	     /* by FAT32, ext4 and btrfs */

static const char *check_given_disk(void *ctx)
{
	static struct lb_ptable some;
	bool from_backup;
	const bool has_table = lb_disk_table_find(&some, &disk, SECTOR, &from_backup) == 0;

	lb_fake_block_peek(&block, 0, now, sizeof(now));
	if (memcmp(now, before, SECTOR) == 0 &&
	    memcmp(now + RESERVED, before + RESERVED, INSIDE - RESERVED) != 0)
		return "the file system is still there, and not what is in it";
	if (has_table && !from_backup && some.count != 2)
		return "a table that nobody wanted";
	if (!keeps_partitions())
		return "a partition was touched";
	run(NULL);
	if (rc < 0 || look(&again) < 0 || again.found != LB_CARD_FINE)
		return "a second try does not end it";
	return NULL;
}

/* The old table's backup says nothing of what is all over it. */
static void table__in_place_of_what_is_all_over_the_disk__is_a_new_one(void **state)
{
	static const struct lb_fake_scenario given = {
		.setup = setup, .run = run, .check = check_given_disk};

	begin_with(&gpt);
	memset(before, 0xFA, INSIDE);
	put_before();
	ask.given = LB_CARD_GIVEN_DISK;
	assert_int_equal(look(&table), 0);
	assert_int_equal(table.found, LB_CARD_BLANK);
	assert_false(table.backup_in_use);
	assert_true(lb_fake_power_cuts(&power, &given) > 4);
	put_before();
	run(NULL);
	assert_int_equal(rc, 0);
	lb_fake_block_peek(&block, 0, now, sizeof(now));
	assert_int_equal(now[0], 0);
	assert_int_equal(now[FS_BYTES - 1], 0);
	assert_int_equal(now[FS_BYTES], 0xFA);
}

#define FEW	  56u  /* entries: sectors 2 to 15 */
#define LOADER_AT 8192 /* where some chips read it */

/* The table that is there gets another form, with a boot loader right behind it. */
static void make_room_for_a_loader(void)
{
	static struct lb_ptable t;
	bool from_backup;

	assert_int_equal(lb_disk_table_find(&t, &disk, SECTOR, &from_backup), 0);
	t.entry_count = FEW;
	t.first_usable = MIB / SECTOR;
	assert_int_equal(lb_gpt_fit(&t, DISK_BYTES / SECTOR), 0);
	assert_int_equal(lb_disk_table_put(&disk, &t, false, NULL), 0);
	lb_fake_block_peek(&block, 0, before, sizeof(before));
	memset(before + LOADER_AT + SECTOR, 0xB0, INSIDE - LOADER_AT - SECTOR);
	put_before();
}

static void table__that_is_short_for_a_boot_loader__stays_short(void **state)
{
	static struct lb_ptable_layout record_only;

	record_only = gpt;
	record_only.count = 1;
	ask.root = 1;
	begin_with(&record_only);
	ask.root = 2;
	make_room_for_a_loader();
	cut_and_fail(LB_CARD_OURS);
	put_before();
	run(NULL);
	assert_int_equal(rc, 0);
	assert_int_equal(look(&again), 0);
	assert_int_equal(again.found, LB_CARD_FINE);
	assert_int_equal(again.table.entry_count, FEW);
	lb_fake_block_peek(&block, 0, now, sizeof(now));
	assert_memory_equal(now + LOADER_AT + SECTOR, before + LOADER_AT + SECTOR,
			    INSIDE - LOADER_AT - SECTOR);
}

static void table__without_room_for_all_partitions__is_somebody_elses(void **state)
{
	static struct lb_ptable made, there;

	assert_int_equal(lb_ptable_make(&made, &gpt, 2, SECTOR, DISK_BYTES / SECTOR, ask.ids), 0);
	there = made;
	there.entry_count = 1;
	there.count = 0;
	assert_int_equal(lb_ptable_adopt(&made, &there), 1);
	assert_int_equal(made.entry_count, LB_PTABLE_PARTS_MAX);
	there.entry_count = FEW;
	there.first_usable = MIB / SECTOR + 1;
	assert_int_equal(lb_ptable_adopt(&made, &there), 1);
	there.first_usable = MIB / SECTOR;
	there.entries_at = MIB / SECTOR - 1;
	assert_int_equal(lb_ptable_adopt(&made, &there), 1);
	there.entries_at = 16;
	assert_int_equal(lb_ptable_adopt(&made, &there), 0);
	assert_int_equal(made.entries_at, 16);
}

/* A second entry lists the record's partition for a boot ROM. */
static void table__with_an_mbr_that_lists_more__comes_back_and_the_mbr_stays(void **state)
{
	static const uint8_t listed[16] = {0, 0, 2, 0, 0x0C, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0};

	begin_with(&gpt);
	memcpy(before + 462, listed, sizeof(listed));
	memset(before + SECTOR, 0, INSIDE - SECTOR);
	put_before();
	cut_and_fail(LB_CARD_MENDED);
	put_before();
	run(NULL);
	assert_int_equal(rc, 0);
	lb_fake_block_peek(&block, 0, now, sizeof(now));
	assert_memory_equal(now, before, SECTOR);
}

static int slow(void *ctx, uint64_t off_bytes, void *to, size_t n)
{
	return LB_E(TIMEOUT);
}

static int slow_behind(void *ctx, uint64_t off_bytes, void *to, size_t n)
{
	const struct plat_block of_block = lb_fake_block_plat(&block);

	return off_bytes > 0 ? LB_E(NOENT) : of_block.read(of_block.ctx, off_bytes, to, n);
}

static void look__at_a_card_that_cannot_be_read__does_not_take_it_for_blank(void **state)
{
	begin_with(&gpt);
	memset(before, 0, INSIDE);
	put_before();
	disk.read = slow;
	assert_int_equal(look(&table), LB_E(IO));
	disk.read = slow_behind;
	assert_int_equal(look(&table), LB_E(IO));
}

static void table__for_a_larger_card__does_not_fit(void **state)
{
	static struct lb_ptable_layout large;

	large = gpt;
	large.part[0].mib = 3;
	ask.layout = &large;
	assert_int_equal(look(&table), LB_E(NOSPC));
}

#define on_disk(f) cmocka_unit_test_setup_teardown(f, start, stop)

TESTS(on_disk(table__on_a_blank_card__is_whole_or_not_there),
      on_disk(table__mbr_on_a_blank_card__is_whole_or_not_there),
      on_disk(table__in_place_of_the_only_partition__that_is_whole_until_it_is_there),
      on_disk(look__at_more_than_was_given__finds_somebody_elses),
      on_disk(table__in_place_of_what_is_all_over_the_disk__is_a_new_one),
      on_disk(table__that_lacks_the_root__is_the_old_or_the_new_one),
      on_disk(table__of_which_the_start_is_gone__comes_back_from_its_backup),
      on_disk(table__with_the_root__is_left_alone),
      on_disk(table__of_somebody_else__is_his_unless_all_of_it_may_go),
      on_disk(table__that_is_short_for_a_boot_loader__stays_short),
      on_disk(table__without_room_for_all_partitions__is_somebody_elses),
      on_disk(table__with_an_mbr_that_lists_more__comes_back_and_the_mbr_stays),
      on_disk(look__at_a_card_that_cannot_be_read__does_not_take_it_for_blank),
      on_disk(table__for_a_larger_card__does_not_fit))
