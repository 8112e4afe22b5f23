/* What becomes of a disk's partitions when the image of a whole disk comes beside them. */
#include "tests/t.h"

#include <string.h>

#include "image/ptable_merge.h"

#define SECTORS 10000

static struct lb_ptable disk, image;
static struct lb_ptable_merge m;
static unsigned number;

static void add(struct lb_ptable *t, unsigned n, uint64_t first, uint64_t last, uint8_t mark)
{
	struct lb_part *p = &t->part[t->count++];

	*p = (struct lb_part){.number = n, .first = first, .last = last};
	memset(p->entry, mark, sizeof(p->entry));
}

static void make(struct lb_ptable *t, enum lb_ptable_kind kind, uint8_t mark)
{
	*t = (struct lb_ptable){.kind = kind, .sector_bytes = 512};
	memset(t->disk_id, mark, sizeof(t->disk_id));
	if (kind == LB_PTABLE_GPT) {
		t->backup_at = SECTORS - 1;
		t->entries_at = 2;
		t->first_usable = 34;
		t->last_usable = SECTORS - 34;
		t->entry_count = 128;
	}
	add(t, 1, 512, 1023, mark);
	add(t, 2, 1024, 3071, mark);
}

static int setup(void **state)
{
	make(&disk, LB_PTABLE_GPT, 0xDD);
	make(&image, LB_PTABLE_GPT, 0x11);
	image.backup_at = 4095;
	image.last_usable = 4096 - 34;
	number = 99;
	return 0;
}

static int merge(unsigned stays)
{
	return lb_ptable_merge(&m, &disk, &image, SECTORS, stays, &number);
}

static void assert_part(const struct lb_ptable *t, size_t i, unsigned n, uint64_t last,
			uint8_t mark)
{
	assert_int_equal(t->part[i].number, n);
	assert_int_equal(t->part[i].last, last);
	assert_int_equal(t->part[i].entry[0], mark);
}

static void merge__the_same_partitions__nothing_stays(void **state)
{
	assert_int_equal(merge(0), 0);
	assert_true(m.same);
	assert_int_equal(m.meanwhile.count, 0);
	assert_int_equal(m.image_end, 3072);
	assert_part(&m.after, 1, 2, 3071, 0x11);
	assert_int_equal(m.after.disk_id[0], 0x11);
	assert_int_equal(m.after.backup_at, SECTORS - 1);
	assert_int_equal(m.meanwhile.backup_at, SECTORS - 1);
}

static void merge__owner_has_one_behind_the_image__it_stays(void **state)
{
	add(&disk, 3, 3072, 9000, 0xDD);
	assert_int_equal(merge(0), 0);
	assert_false(m.same);
	assert_int_equal(m.meanwhile.count, 1);
	assert_part(&m.meanwhile, 0, 3, 9000, 0xDD);
	assert_int_equal(m.after.count, 3);
	assert_part(&m.after, 0, 1, 1023, 0x11);
	assert_part(&m.after, 2, 3, 9000, 0xDD);
	assert_int_equal(m.after.part[2].first, 3072);
}

/* As an installation that was cut leaves it. */
static void merge__only_the_owner_s_are_left__the_image_comes_to_them(void **state)
{
	disk.count = 0;
	add(&disk, 3, 4000, 9000, 0xDD);
	add(&image, 7, 3072, 3999, 0x11);
	assert_int_equal(merge(0), 0);
	assert_int_equal(m.after.count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(m.after.part[i].number, ((unsigned[]){1, 2, 3, 7})[i]);
}

static void merge__owner_s_partition_in_the_image__is_in_the_way(void **state)
{
	add(&disk, 3, 3071, 9000, 0xDD);
	disk.part[1].last = 3070;
	assert_int_equal(merge(0), LB_E(EXIST));
	assert_int_equal(number, 3);
	/* also before its first one, where a boot loader may be */
	setup(state);
	add(&disk, 3, 40, 100, 0xDD);
	assert_int_equal(merge(0), LB_E(EXIST));
	assert_int_equal(number, 3);
}

static void merge__same_number_in_another_place__is_in_the_way(void **state)
{
	disk.part[1].first = 1025;
	assert_int_equal(merge(0), LB_E(EXIST));
	assert_int_equal(number, 2);
	setup(state);
	disk.part[1].first = 5000;
	disk.part[1].last = 6000;
	assert_int_equal(merge(0), LB_E(EXIST));
	assert_int_equal(number, 2);
}

static void merge__last_one_has_grown__keeps_its_length(void **state)
{
	disk.part[1].last = 8000;
	assert_int_equal(merge(0), 0);
	assert_false(m.same);
	assert_part(&m.after, 1, 2, 8000, 0x11);
	assert_int_equal(m.meanwhile.count, 0);
}

static void merge__new_image_is_longer__takes_the_room_unless_the_owner_has_it(void **state)
{
	disk.part[1].last = 3000;
	assert_int_equal(merge(0), 0);
	assert_part(&m.after, 1, 2, 3071, 0x11);
	add(&disk, 3, 3001, 9000, 0xDD);
	assert_int_equal(merge(0), LB_E(EXIST));
	assert_int_equal(number, 3);
}

/* A stick with somebody's files begins where the image's first partition does. */
static void merge__another_length_and_none_exactly_the_same__is_in_the_way(void **state)
{
	disk.count = 1;
	disk.part[0].last = 1000;
	assert_int_equal(merge(0), LB_E(EXIST));
	assert_int_equal(number, 1);
}

static void merge__grown_into_another_one__is_in_the_way(void **state)
{
	disk.count = 0;
	add(&disk, 1, 512, 2000, 0xDD);
	add(&disk, 3, 3072, 4000, 0xDD);
	add(&image, 3, 3072, 4000, 0x11);
	assert_int_equal(merge(0), LB_E(EXIST));
	assert_int_equal(number, 1);
}

static void merge__one_that_stays_inside_the_image__keeps_its_bytes_and_gets_the_name(void **state)
{
	assert_int_equal(merge(1), 0);
	assert_false(m.same);
	assert_int_equal(m.meanwhile.count, 1);
	assert_part(&m.meanwhile, 0, 1, 1023, 0xDD);
	assert_int_equal(m.after.count, 2);
	assert_part(&m.after, 0, 1, 1023, 0x11);
	/* but only where the image has it too */
	disk.part[0].last = 1022;
	assert_int_equal(merge(1), LB_E(EXIST));
	assert_int_equal(number, 1);
}

static void merge__other_kind_or_no_room__is_told(void **state)
{
	make(&disk, LB_PTABLE_MBR, 0xDD);
	assert_int_equal(merge(0), LB_E(FORMAT));
	setup(state);
	image.sector_bytes = 4096;
	assert_int_equal(merge(0), LB_E(FORMAT));
	setup(state);
	add(&disk, 3, 4000, SECTORS - 33, 0xDD);
	assert_int_equal(merge(0), LB_E(NOSPC));
	assert_int_equal(number, 99);
}

static void merge__number_that_the_image_s_table_has_not__is_in_the_way(void **state)
{
	image.entry_count = 56;
	add(&disk, 57, 4000, 5000, 0xDD);
	assert_int_equal(merge(0), LB_E(EXIST));
	assert_int_equal(number, 57);
	disk.part[2].number = 56;
	assert_int_equal(merge(0), 0);
}

static void merge__mbr__four_places(void **state)
{
	make(&disk, LB_PTABLE_MBR, 0xDD);
	make(&image, LB_PTABLE_MBR, 0x11);
	add(&disk, 4, 4000, 9999, 0xDD);
	assert_int_equal(merge(0), 0);
	assert_int_equal(m.after.count, 3);
	assert_part(&m.after, 2, 4, 9999, 0xDD);
	assert_int_equal(m.after.disk_id[0], 0x11);
}

#define on_disk(f) cmocka_unit_test_setup(f, setup)

TESTS(on_disk(merge__the_same_partitions__nothing_stays),
      on_disk(merge__owner_has_one_behind_the_image__it_stays),
      on_disk(merge__only_the_owner_s_are_left__the_image_comes_to_them),
      on_disk(merge__owner_s_partition_in_the_image__is_in_the_way),
      on_disk(merge__same_number_in_another_place__is_in_the_way),
      on_disk(merge__last_one_has_grown__keeps_its_length),
      on_disk(merge__new_image_is_longer__takes_the_room_unless_the_owner_has_it),
      on_disk(merge__another_length_and_none_exactly_the_same__is_in_the_way),
      on_disk(merge__grown_into_another_one__is_in_the_way),
      on_disk(merge__one_that_stays_inside_the_image__keeps_its_bytes_and_gets_the_name),
      on_disk(merge__other_kind_or_no_room__is_told),
      on_disk(merge__number_that_the_image_s_table_has_not__is_in_the_way),
      on_disk(merge__mbr__four_places))
