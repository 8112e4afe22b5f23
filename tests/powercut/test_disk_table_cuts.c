/* The backup of a GPT goes to the end of a larger disk, cut or failing at each operation: at every
 * moment one copy of the table is whole, and a second try ends it. */
#include "tests/t.h"

#include "install/disk_table.h"
#include "plat/fake/block.h"
#include "tests/gpt.h"

#define SECTOR	      512u
#define IMAGE_SECTORS 256u
#define DISK_SECTORS  512u
#define TAIL	      (33 * SECTOR)

static struct lb_fake_power power;
static struct lb_fake_block block;
static struct plat_block disk;
static uint8_t image[IMAGE_SECTORS * SECTOR], seen[DISK_SECTORS * SECTOR];
static struct lb_ptable table, backup;
static int rc;

static void make_image(void)
{
	uint8_t *entry = image + 2 * SECTOR;

	memset(image, 0, sizeof(image));
	put_noise(image, 446);
	image[446 + 4] = 0xEE;
	put_le(image + 446 + 8, 1, 4);
	put_le(image + 446 + 12, IMAGE_SECTORS - 1, 4);
	put_le(image + 510, 0xAA55, 2);
	memset(entry, 0x11, 32);
	put_le(entry + 32, 40, 8);
	put_le(entry + 40, 200, 8);
	put_noise(image + 40 * SECTOR, 161 * SECTOR);
	put_gpt_header(image + SECTOR, IMAGE_SECTORS, 1, IMAGE_SECTORS - 1, 2, image + 2 * SECTOR,
		       128);
	memcpy(image + sizeof(image) - TAIL, entry, 32 * SECTOR);
	put_gpt_header(image + sizeof(image) - SECTOR, IMAGE_SECTORS, IMAGE_SECTORS - 1, 1,
		       IMAGE_SECTORS - 33, image + 2 * SECTOR, 128);
}

static void setup(void *ctx)
{
	static const uint8_t zeroes[sizeof(seen)];

	lb_fake_power_on(&power);
	lb_fake_block_poke(&block, 0, zeroes, sizeof(zeroes));
	lb_fake_block_poke(&block, 0, image, sizeof(image));
}

static void run(void *ctx)
{
	bool moved = false;

	rc = lb_disk_table_fit(&disk, SECTOR, &moved);
}

static bool backup_is_whole(void)
{
	return lb_ptable_parse_backup(&backup, seen + sizeof(seen) - TAIL, TAIL, SECTOR,
				      DISK_SECTORS) == 0;
}

static bool primary_is_whole(void)
{
	return lb_ptable_parse(&table, seen, 34 * SECTOR, SECTOR) == 0 &&
	       table.kind == LB_PTABLE_GPT;
}

static const char *check(void *ctx)
{
	lb_fake_block_peek(&block, 0, seen, sizeof(seen));
	if (memcmp(seen + 40 * SECTOR, image + 40 * SECTOR, 161 * SECTOR) != 0)
		return "a partition was touched";
	if (!primary_is_whole() && !backup_is_whole())
		return "no copy of the table is whole";
	if (!primary_is_whole())
		return NULL; /* a sector of noise: for that the backup is there */
	run(ctx);
	lb_fake_block_peek(&block, 0, seen, sizeof(seen));
	if (rc < 0 || !primary_is_whole() || !backup_is_whole() ||
	    table.backup_at != DISK_SECTORS - 1 ||
	    memcmp(&table.part, &backup.part, sizeof(table.part)) != 0)
		return "a second try does not end it";
	return NULL;
}

static const char *check_failed(void *ctx)
{
	lb_fake_block_peek(&block, 0, seen, sizeof(seen));
	if (rc == 0)
		return "it says that it went well";
	return primary_is_whole() || backup_is_whole() ? NULL : "no copy of the table is whole";
}

static const struct lb_fake_scenario cuts = {.setup = setup, .run = run, .check = check};
static const struct lb_fake_scenario fails = {.setup = setup, .run = run, .check = check_failed};

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_block_init(&block, &power, sizeof(seen));
	disk = lb_fake_block_plat(&block);
	make_image();
	return 0;
}

static int stop(void **state)
{
	lb_fake_block_release(&block);
	return 0;
}

static void fit__larger_disk__both_copies_and_nothing_of_the_old_one(void **state)
{
	bool moved = false;

	setup(NULL);
	assert_int_equal(lb_disk_table_fit(&disk, SECTOR, &moved), 0);
	assert_true(moved);
	lb_fake_block_peek(&block, 0, seen, sizeof(seen));
	assert_true(primary_is_whole() && backup_is_whole());
	assert_int_equal(table.backup_at, DISK_SECTORS - 1);
	assert_int_equal(table.last_usable, DISK_SECTORS - 34);
	assert_memory_equal(seen + 446 + 12, "\xFF\x01\0\0", 4);
	assert_memory_equal(seen, image, 446);
	assert_memory_equal(seen + sizeof(image) - SECTOR, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(lb_disk_table_fit(&disk, SECTOR, &moved), 0);
	assert_false(moved);
}

static void fit__power_cut_at_every_operation__one_copy_is_whole(void **state)
{
	assert_true(lb_fake_power_cuts(&power, &cuts) > 100);
}

static void fit__every_operation_fails_once__it_says_so(void **state)
{
	assert_true(lb_fake_power_fails(&power, &fails) > 8);
}

static int forget(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	return 0;
}

/* As worn out cards do it. */
static void fit__medium_that_takes_writes_and_keeps_nothing__is_told(void **state)
{
	struct plat_block worn = disk;
	bool moved = false;

	setup(NULL);
	worn.write = forget;
	assert_int_equal(lb_disk_table_fit(&worn, SECTOR, &moved), LB_E(IO));
}

static void clear_tail__behind_the_image_only(void **state)
{
	const uint64_t end = sizeof(image) + 100;

	setup(NULL);
	memset(seen, 0xAA, sizeof(seen));
	lb_fake_block_poke(&block, 0, seen, sizeof(seen));
	assert_int_equal(lb_disk_table_clear_tail(&disk, end), 0);
	lb_fake_block_peek(&block, 0, seen, sizeof(seen));
	for (size_t i = 0; i < sizeof(seen); i++)
		assert_int_equal(seen[i], i < (end + 4095) / 4096 * 4096 ? 0xAA : 0);
	assert_int_equal(lb_disk_table_clear_tail(&disk, sizeof(seen)), 0);
}

static void suits__sectors_and_room__are_compared(void **state)
{
	setup(NULL);
	assert_int_equal(lb_disk_table_read(&table, &disk, SECTOR), 0);
	assert_int_equal(lb_disk_table_suits(&table, 201 * SECTOR, SECTOR), 0);
	assert_int_equal(lb_disk_table_suits(&table, 201 * SECTOR - 1, SECTOR), LB_E(NOSPC));
	assert_int_equal(lb_disk_table_suits(&table, 1 << 20, 4096), LB_E(FORMAT));
}

#define on_disk(f) cmocka_unit_test_setup_teardown(f, start, stop)

TESTS(on_disk(fit__larger_disk__both_copies_and_nothing_of_the_old_one),
      on_disk(fit__power_cut_at_every_operation__one_copy_is_whole),
      on_disk(fit__every_operation_fails_once__it_says_so),
      on_disk(fit__medium_that_takes_writes_and_keeps_nothing__is_told),
      on_disk(clear_tail__behind_the_image_only), on_disk(suits__sectors_and_room__are_compared))
