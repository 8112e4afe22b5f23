/* The power cut, or an error, at each operation while a torn superblock of a btrfs is mended: the
 * next try mends it, and its copies are what they were. The copies lie close by here. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "image/btrfs_super.h"
#include "plat/fake/block.h"
#include "store/superblock.h"

#define SIZE_BYTES (512 << 10)

static const uint64_t places[] = LB_BTRFS_COPIES_AT;
static struct lb_fake_power power;
static struct lb_fake_block disk;
static struct plat_block inner, b;
static uint8_t whole[LB_BTRFS_SUPER_BYTES], torn[LB_BTRFS_SUPER_BYTES];
static int result;

static uint64_t near(uint64_t off_bytes)
{
	return off_bytes == places[0] ? 128 << 10 : off_bytes == places[1] ? 256 << 10 : off_bytes;
}

static int do_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	return inner.read(inner.ctx, near(off_bytes), buf, n);
}

static int do_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	return inner.write(inner.ctx, near(off_bytes), buf, n);
}

static int do_flush(void *ctx)
{
	return inner.flush(inner.ctx);
}

/* A superblock of that commit for that place, and whole. */
static void make(uint8_t out[LB_BTRFS_SUPER_BYTES], uint64_t at_bytes, uint8_t generation)
{
	memset(out, 0, LB_BTRFS_SUPER_BYTES);
	memset(out + 32, 0x11, LB_BTRFS_FSID_BYTES);
	memcpy(out + 64, "_BHRfS_M", 8);
	out[72] = generation;
	memset(out + 3000, generation, 600); /* the backup roots, in sectors of their own */
	lb_btrfs_super_move(out, at_bytes);
}

static void put_copy(size_t i, uint8_t generation)
{
	uint8_t block[LB_BTRFS_SUPER_BYTES];

	make(block, places[i], generation);
	lb_fake_block_poke(&disk, near(places[i]), block, sizeof(block));
}

/* Sectors of commit 7 at its start, of commit 6 behind. */
static void tear(unsigned sectors)
{
	make(torn, LB_BTRFS_SUPER_AT, 6);
	make(whole, LB_BTRFS_SUPER_AT, 7);
	memcpy(torn, whole, sectors * (size_t)LB_FAKE_SECTOR_BYTES);
}

static void put_world_back(void *ctx)
{
	lb_fake_block_poke(&disk, LB_BTRFS_SUPER_AT, torn, sizeof(torn));
	put_copy(0, 6);
	put_copy(1, 7);
}

static int start(void **state)
{
	if (disk.size_bytes)
		lb_fake_block_release(&disk);
	power = (struct lb_fake_power){0};
	lb_fake_block_init(&disk, &power, SIZE_BYTES);
	inner = lb_fake_block_plat(&disk);
	b = (struct plat_block){
		.size_bytes = UINT64_MAX, .read = do_read, .write = do_write, .flush = do_flush};
	tear(3);
	put_world_back(NULL);
	return 0;
}

static bool lies(uint64_t at_bytes, const uint8_t *block)
{
	uint8_t there[LB_BTRFS_SUPER_BYTES];

	lb_fake_block_peek(&disk, near(at_bytes), there, sizeof(there));
	return memcmp(there, block, sizeof(there)) == 0;
}

static void mend(void *ctx)
{
	result = lb_superblock_mend(&b);
}

static const char *check(void *ctx)
{
	uint8_t copy[LB_BTRFS_SUPER_BYTES];

	/* What a failed flush has left in the cache alone is gone with the next boot. */
	lb_fake_block_peek(&disk, 0, copy, LB_FAKE_SECTOR_BYTES);
	lb_fake_block_poke(&disk, 0, copy, LB_FAKE_SECTOR_BYTES);
	mend(NULL);
	if (result < 0)
		return "it cannot be mended any more";
	make(copy, LB_BTRFS_SUPER_AT, 6);
	/* The newest copy, or the other one where that cannot be read. */
	if (!lies(LB_BTRFS_SUPER_AT, whole) && !(ctx && lies(LB_BTRFS_SUPER_AT, copy)))
		return "it is not a copy that fits";
	make(copy, places[0], 6);
	if (!lies(places[0], copy))
		return "a copy is touched";
	make(copy, places[1], 7);
	return lies(places[1], copy) ? NULL : "a copy is touched";
}

static void mend__cut_or_failed_at_every_operation__the_next_try_does_it(void **state)
{
	static const struct lb_fake_scenario s = {
		.setup = put_world_back, .run = mend, .check = check};
	const struct lb_fake_scenario failures = {
		.ctx = &disk, .setup = put_world_back, .run = mend, .check = check};
	uint64_t cuts = lb_fake_power_cuts(&power, &s),
		 fails = lb_fake_power_fails(&power, &failures);

	print_message("power cuts: %" PRIu64 ", operations that failed: %" PRIu64 "\n", cuts,
		      fails);
	assert_true(cuts > 40 && fails >= 5);
}

static void mend__torn_at_each_sector__takes_the_copy(void **state)
{
	for (unsigned sectors = 1; sectors < 8; sectors++) {
		tear(sectors);
		put_world_back(NULL);
		assert_int_equal(lb_superblock_is_torn(&b), 1);
		mend(NULL);
		assert_int_equal(result, 1);
		assert_true(lies(LB_BTRFS_SUPER_AT, whole));
	}
}

static void assert_untouched(int expected)
{
	unsigned flushes = disk.flushes;

	mend(NULL);
	assert_int_equal(result, expected);
	assert_int_equal(disk.flushes, flushes);
}

static void mend__whole_or_not_a_btrfs_any_more__touches_nothing(void **state)
{
	make(torn, LB_BTRFS_SUPER_AT, 5);
	put_world_back(NULL);
	assert_untouched(0);
	memset(torn, 0x42,
	       sizeof(torn)); /* formatted as something else: old copies are still there */
	put_world_back(NULL);
	assert_untouched(0);
	tear(3);
	torn[196] = 1; /* summed up in another way */
	put_world_back(NULL);
	assert_untouched(0);
}

static void mend__no_copy_that_fits__touches_nothing_and_says_so(void **state)
{
	put_copy(0, 4);
	put_copy(1, 9);
	assert_untouched(LB_E(NOENT));
	put_copy(0, 7);
	lb_fake_block_poke(&disk, near(places[0]) + 700, "torn", 4);
	assert_untouched(LB_E(NOENT));
	b.size_bytes = 100 << 10; /* the device ends before the first one */
	put_world_back(NULL);
	assert_untouched(LB_E(NOENT));
	b.size_bytes = 64 << 10; /* and before the superblock itself */
	assert_untouched(0);
}

#define fresh(f) cmocka_unit_test_setup(f, start)

TESTS(fresh(mend__cut_or_failed_at_every_operation__the_next_try_does_it),
      fresh(mend__torn_at_each_sector__takes_the_copy),
      fresh(mend__whole_or_not_a_btrfs_any_more__touches_nothing),
      fresh(mend__no_copy_that_fits__touches_nothing_and_says_so))
