/* Partition tables: read, compared, carried to a larger disk. */
#include "tests/t.h"

#include "image/gpt.h"
#include "tests/gpt.h"

#define SECTOR	      512
#define IMAGE_SECTORS 4096
#define HEAD	      (34 * SECTOR)
#define TAIL	      (33 * SECTOR)
#define NUMBERS	      128

static uint8_t disk[IMAGE_SECTORS * SECTOR];
static struct lb_ptable t, other;

static uint8_t *entry(unsigned number)
{
	return disk + 2 * SECTOR + (number - 1) * 128;
}

static void put_part(unsigned number, uint64_t first, uint64_t last, uint8_t mark)
{
	uint8_t *e = entry(number);

	put_noise(e, 128);
	memset(e, mark, 32);
	put_le(e + 32, first, 8);
	put_le(e + 40, last, 8);
}

/* Sums and the backup, after the entries were made. */
static void seal(void)
{
	uint8_t *backup = disk + sizeof(disk) - TAIL;

	put_gpt_header(disk + SECTOR, IMAGE_SECTORS, 1, IMAGE_SECTORS - 1, 2, entry(1), NUMBERS);
	memcpy(backup, entry(1), NUMBERS * 128);
	put_gpt_header(backup + 32 * SECTOR, IMAGE_SECTORS, IMAGE_SECTORS - 1, 1,
		       IMAGE_SECTORS - 33, backup, NUMBERS);
}

/* As OpenWrt's for x86: the loader's partition has the last number and the first place. */
static int make_gpt(void **state)
{
	memset(disk, 0, sizeof(disk));
	memset(disk, 0x90, 440);
	put_le(disk + 510, 0xAA55, 2);
	disk[446 + 4] = 0xEE;
	put_le(disk + 446 + 8, 1, 4);
	put_le(disk + 446 + 12, IMAGE_SECTORS - 1, 4);
	put_part(1, 512, 1023, 0x11);
	put_part(2, 1024, 3071, 0x22);
	put_part(128, 34, 511, 0x77);
	seal();
	return 0;
}

static void put_mbr_part(unsigned number, uint8_t type, uint32_t first, uint32_t sectors)
{
	uint8_t *e = disk + 446 + (number - 1) * 16;

	e[0] = number == 1 ? 0x80 : 0;
	e[4] = type;
	put_le(e + 8, first, 4);
	put_le(e + 12, sectors, 4);
}

static int make_mbr(void **state)
{
	memset(disk, 0, sizeof(disk));
	memset(disk, 0x90, 440);
	put_le(disk + 440, 0x12345678, 4);
	put_le(disk + 510, 0xAA55, 2);
	put_mbr_part(1, 0x0C, 512, 512);
	put_mbr_part(2, 0x83, 1024, 2048);
	return 0;
}

static int parse(void)
{
	void *head = exactly(disk, HEAD);
	int rc = lb_ptable_parse(&t, head, HEAD, SECTOR);

	free(head);
	return rc;
}

static void parse__gpt__partitions_by_number(void **state)
{
	assert_int_equal(parse(), 0);
	assert_int_equal(t.kind, LB_PTABLE_GPT);
	assert_int_equal(t.count, 3);
	assert_int_equal(t.part[1].number, 2);
	assert_int_equal(t.part[1].first, 1024);
	assert_int_equal(t.part[1].last, 3071);
	assert_int_equal(t.part[2].number, 128);
	assert_int_equal(t.backup_at, IMAGE_SECTORS - 1);
	assert_int_equal(t.last_usable, IMAGE_SECTORS - 34);
	assert_int_equal(t.disk_id[15], 0xD1);
	assert_int_equal(lb_ptable_end(&t), 3072);
	assert_true(lb_ptable_has(&t, 128));
	assert_false(lb_ptable_has(&t, 3));
}

static void parse__gpt_cut_anywhere__ends_early_and_leaves_the_output(void **state)
{
	t.count = 99;
	for (size_t n = 0; n < HEAD; n += n < 2 * SECTOR ? 13 : 127) {
		void *head = exactly(disk, n);

		assert_int_equal(lb_ptable_parse(&t, head, n, SECTOR), LB_E(TRUNC));
		free(head);
	}
	assert_int_equal(t.count, 99);
}

static void parse__gpt_with_a_flipped_bit__is_refused(void **state)
{
	for (size_t at = SECTOR + 8; at < SECTOR + 92; at++) {
		disk[at] ^= 0x10;
		assert_true(parse() < 0);
		disk[at] ^= 0x10;
	}
	entry(2)[33] ^= 1;
	assert_int_equal(parse(), LB_E(CRC));
}

static void parse__gpt_that_contradicts_itself__is_refused(void **state)
{
	static const uint64_t wrong[][2] = {
		{3000, 3200}, {33, 40}, {4063, 4063}, {3500, 3499}, {4000, UINT64_MAX}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put_part(3, wrong[i][0], wrong[i][1], 0x33);
		seal();
		assert_int_equal(parse(), LB_E(RANGE));
	}
	put_part(3, 3072, 4062, 0x33);
	seal();
	assert_int_equal(parse(), 0);
}

/* Without the protective MBR the kernel does not look for a GPT. */
static void parse__gpt_left_behind_an_mbr__the_mbr_counts(void **state)
{
	put_mbr_part(1, 0x0C, 512, 512);
	assert_int_equal(parse(), 0);
	assert_int_equal(t.kind, LB_PTABLE_MBR);
	assert_int_equal(t.count, 1);
}

static void parse__mbr__partitions_and_identity(void **state)
{
	assert_int_equal(parse(), 0);
	assert_int_equal(t.kind, LB_PTABLE_MBR);
	assert_int_equal(t.count, 2);
	assert_int_equal(t.part[1].first, 1024);
	assert_int_equal(t.part[1].last, 3071);
	assert_memory_equal(t.disk_id, "\x78\x56\x34\x12", 4);
	put_mbr_part(3, 0x83, 3071, 1);
	assert_int_equal(parse(), LB_E(RANGE));
}

static void parse__no_table__is_not_there(void **state)
{
	disk[511] = 0;
	assert_int_equal(parse(), LB_E(NOENT));
	(void)make_mbr(state);
	disk[446] = 0x13; /* code of a boot sector */
	assert_int_equal(parse(), LB_E(NOENT));
	(void)make_mbr(state);
	memset(disk + 446, 0, 64);
	assert_int_equal(parse(), LB_E(NOENT));
	assert_int_equal(lb_ptable_parse(&t, disk, HEAD, 513), LB_E(UNSUP));
}

static void parse_backup__end_of_the_disk__the_same_table(void **state)
{
	const uint8_t *tail = disk + sizeof(disk) - TAIL;
	void *exact = exactly(tail, TAIL);

	assert_int_equal(parse(), 0);
	assert_int_equal(lb_ptable_parse_backup(&other, exact, TAIL, SECTOR, IMAGE_SECTORS), 0);
	assert_memory_equal(&other, &t, sizeof(t));
	assert_int_equal(lb_ptable_parse_backup(&other, exact, TAIL, SECTOR, IMAGE_SECTORS + 1),
			 LB_E(RANGE));
	assert_int_equal(
		lb_ptable_parse_backup(&other, tail + SECTOR, TAIL - SECTOR, SECTOR, IMAGE_SECTORS),
		LB_E(TRUNC));
	free(exact);
}

static void put__what_was_read__the_same_bytes(void **state)
{
	static uint8_t out[LB_GPT_BACKUP_BYTES];
	const uint8_t *backup = disk + sizeof(disk) - TAIL;

	assert_int_equal(parse(), 0);
	assert_int_equal(lb_gpt_entries_bytes(&t), 32 * SECTOR);
	assert_int_equal(lb_gpt_put_entries(&t, out, 32 * SECTOR), 0);
	assert_memory_equal(out, entry(1), 32 * SECTOR);
	assert_int_equal(lb_gpt_put_entries(&t, out, 32 * SECTOR - 1), LB_E(NOSPC));
	assert_int_equal(lb_gpt_put_header(&t, LB_GPT_PRIMARY, out, SECTOR), 0);
	assert_memory_equal(out, disk + SECTOR, SECTOR);
	assert_int_equal(lb_gpt_put_header(&t, LB_GPT_BACKUP, out, SECTOR), 0);
	assert_memory_equal(out, backup + 32 * SECTOR, SECTOR);
	assert_int_equal(lb_gpt_put_header(&t, LB_GPT_BACKUP, out, SECTOR - 1), LB_E(NOSPC));
}

static void fit__larger_disk__backup_at_its_end(void **state)
{
	static uint8_t tail[TAIL];
	const uint64_t sectors = UINT64_C(5) << 21; /* 5 GiB */

	assert_int_equal(parse(), 0);
	assert_int_equal(lb_gpt_fit(&t, sectors), 0);
	assert_int_equal(lb_gpt_put_entries(&t, tail, TAIL), 0);
	assert_int_equal(lb_gpt_put_header(&t, LB_GPT_BACKUP, tail + 32 * SECTOR, SECTOR), 0);
	assert_int_equal(lb_ptable_parse_backup(&other, tail, TAIL, SECTOR, sectors), 0);
	assert_int_equal(other.last_usable, sectors - 34);
	assert_int_equal(lb_gpt_put_header(&t, LB_GPT_PRIMARY, disk + SECTOR, SECTOR), 0);
	assert_int_equal(parse(), 0);
	assert_int_equal(t.backup_at, sectors - 1);
	assert_int_equal(t.count, 3);
}

static void fit__disk_that_is_too_small__is_refused(void **state)
{
	assert_int_equal(parse(), 0);
	assert_int_equal(lb_gpt_fit(&t, 3072 + 33), 0);
	assert_int_equal(parse(), 0);
	assert_int_equal(lb_gpt_fit(&t, 3072 + 32), LB_E(NOSPC));
	assert_int_equal(lb_gpt_fit(&t, 33), LB_E(NOSPC));
	assert_int_equal(lb_gpt_fit(&t, 0), LB_E(NOSPC));
	assert_int_equal(t.backup_at, IMAGE_SECTORS - 1);
}

static void protect__whole_disk__as_far_as_32_bits_reach(void **state)
{
	lb_gpt_protect(disk, 9000);
	assert_memory_equal(disk + 446 + 12, "\x27\x23\0\0", 4);
	lb_gpt_protect(disk, UINT64_C(1) << 33);
	assert_memory_equal(disk + 446 + 12, "\xFF\xFF\xFF\xFF", 4);
	put_mbr_part(2, 0x0C, 512, 512); /* hybrid */
	lb_gpt_protect(disk, 9000);
	assert_memory_equal(disk + 446 + 12, "\xFF\xFF\xFF\xFF", 4);
}

static void mbr_put__what_was_read__the_same_and_boot_code_stays(void **state)
{
	static uint8_t sector[SECTOR];

	put_mbr_part(2, 0x83, 1024, 3000);
	put_mbr_part(4, 0x83, 4024, 10);
	assert_int_equal(parse(), 0);
	memset(sector, 0x55, sizeof(sector));
	lb_mbr_put(&t, sector);
	assert_memory_equal(sector + 446, disk + 446, 66);
	assert_memory_equal(sector + 440, disk + 440, 4);
	assert_int_equal(sector[439], 0x55);
}

#define on_gpt(f) cmocka_unit_test_setup(f, make_gpt)
#define on_mbr(f) cmocka_unit_test_setup(f, make_mbr)

TESTS(on_gpt(parse__gpt__partitions_by_number),
      on_gpt(parse__gpt_cut_anywhere__ends_early_and_leaves_the_output),
      on_gpt(parse__gpt_with_a_flipped_bit__is_refused),
      on_gpt(parse__gpt_that_contradicts_itself__is_refused),
      on_gpt(parse__gpt_left_behind_an_mbr__the_mbr_counts),
      on_mbr(parse__mbr__partitions_and_identity), on_mbr(parse__no_table__is_not_there),
      on_gpt(parse_backup__end_of_the_disk__the_same_table),
      on_gpt(put__what_was_read__the_same_bytes), on_gpt(fit__larger_disk__backup_at_its_end),
      on_gpt(fit__disk_that_is_too_small__is_refused),
      on_gpt(protect__whole_disk__as_far_as_32_bits_reach),
      on_mbr(mbr_put__what_was_read__the_same_and_boot_code_stays))
