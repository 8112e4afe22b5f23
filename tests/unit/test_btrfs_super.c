/* Superblocks of btrfs: one that is torn is told from one that is whole, and from what is none. */
#include "tests/t.h"

#include "image/btrfs_super.h"

static uint8_t block[LB_BTRFS_SUPER_BYTES];
static struct lb_btrfs_super out;

/* As another program has computed it. */
static const uint8_t whole_sum[] = {0xb9, 0x95, 0x38, 0x81};

static int start(void **state)
{
	static const uint8_t place[8] = {0, 0, 1}, generation[8] = {7};

	memset(block, 0, sizeof(block));
	memcpy(block, whole_sum, sizeof(whole_sum));
	for (uint8_t i = 0; i < LB_BTRFS_FSID_BYTES; i++)
		block[32 + i] = (uint8_t)(i + 1);
	memcpy(block + 48, place, sizeof(place));
	memcpy(block + 64, "_BHRfS_M", 8);
	memcpy(block + 72, generation, sizeof(generation));
	block[sizeof(block) - 1] = 0x5a;
	memset(&out, 0xee, sizeof(out));
	return 0;
}

static int parse(void)
{
	return lb_btrfs_super_parse(&out, block, sizeof(block));
}

static void super__whole__is_read(void **state)
{
	assert_int_equal(parse(), 0);
	assert_int_equal(out.at_bytes, LB_BTRFS_SUPER_AT);
	assert_int_equal(out.generation, 7);
	assert_memory_equal(out.fsid, block + 32, sizeof(out.fsid));
}

static void super__one_bit_wrong_anywhere_under_its_sum__is_torn(void **state)
{
	for (size_t i = 200; i < sizeof(block); i += 97) {
		block[i] ^= 1;
		assert_int_equal(parse(), LB_E(CRC));
		assert_int_equal(out.generation, 7);
		block[i] ^= 1;
	}
}

static void super__no_magic_or_another_sum_or_cut_short__out_is_untouched(void **state)
{
	struct lb_btrfs_super before = out;

	assert_int_equal(lb_btrfs_super_parse(&out, block, sizeof(block) - 1), LB_E(TRUNC));
	block[196] = 1; /* xxhash */
	assert_int_equal(parse(), LB_E(UNSUP));
	block[64] = 'x';
	assert_int_equal(parse(), LB_E(FORMAT));
	assert_memory_equal(&out, &before, sizeof(out));
}

static void super__moved__is_whole_in_its_new_place(void **state)
{
	lb_btrfs_super_move(block, 64ull << 20);
	assert_int_equal(parse(), 0);
	assert_int_equal(out.at_bytes, 64ull << 20);
	lb_btrfs_super_move(block, LB_BTRFS_SUPER_AT);
	assert_memory_equal(block, whole_sum, sizeof(whole_sum));
}

static void copy__replaces__only_one_of_this_file_system_and_about_this_commit(void **state)
{
	static const struct {
		uint64_t copy, torn;
		bool fits;
	} rows[] = {{7, 7, true},  {6, 7, true},	   {8, 7, true},
		    {5, 7, false}, {9, 7, false},	   {7, 0, false},
		    {0, 0, true},  {0, UINT64_MAX, false}, {UINT64_MAX, 0, false}};
	struct lb_btrfs_super copy = {0}, torn = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		copy.generation = rows[i].copy;
		torn.generation = rows[i].torn;
		assert_int_equal(lb_btrfs_super_replaces(&copy, &torn), rows[i].fits);
		copy.fsid[15] = 1;
		assert_false(lb_btrfs_super_replaces(&copy, &torn));
		copy.fsid[15] = 0;
	}
}

#define fresh(f) cmocka_unit_test_setup(f, start)

TESTS(fresh(super__whole__is_read), fresh(super__one_bit_wrong_anywhere_under_its_sum__is_torn),
      fresh(super__no_magic_or_another_sum_or_cut_short__out_is_untouched),
      fresh(super__moved__is_whole_in_its_new_place),
      fresh(copy__replaces__only_one_of_this_file_system_and_about_this_commit))
