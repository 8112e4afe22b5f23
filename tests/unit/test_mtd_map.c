/* Which flash partitions share bytes, and what that means for a protected one. */
#include "tests/t.h"

#include <stdbool.h>
#include <string.h>

#include "plat/linux/disk/guard.h"
#include "plat/linux/disk/mtd_map.h"
#include "tests/unit/sysfs.h"

#define KIB 1024u

/* `place` below /sys/devices, as "soc/chip/mtd/mtd3/mtd5"; start -1: the chip itself. */
static void mtd(const char *place, const char *name, long start_kib, unsigned size_kib)
{
	const char *entry = strrchr(place, '/') + 1;
	char dir[192], text[192], link[192];

	(void)snprintf(dir, sizeof(dir), "%s/devices/%s", sysfs_sys, place);
	sysfs_dirs(dir);
	(void)snprintf(text, sizeof(text), "%s\n", name);
	sysfs_put(dir, "name", text);
	(void)snprintf(text, sizeof(text), "%u\n", size_kib * KIB);
	sysfs_put(dir, "size", text);
	if (start_kib >= 0) {
		(void)snprintf(text, sizeof(text), "%ld\n", start_kib * (long)KIB);
		sysfs_put(dir, "offset", text);
	}
	(void)snprintf(text, sizeof(text), "../../devices/%s", place);
	(void)snprintf(link, sizeof(link), "%s/class/mtd/%s", sysfs_sys, entry);
	assert_int_equal(symlink(text, link), 0);
}

static int make(void **state)
{
	char path[128];

	sysfs_make();
	lb_guard_set(NULL, 0);
	(void)snprintf(path, sizeof(path), "%s/class/mtd", sysfs_sys);
	sysfs_dirs(path);
	mtd("soc/nor/mtd/mtd0", "u-boot-env", 0, 256);
	mtd("soc/nor/mtd/mtd1", "firmware", 256, 4096);
	mtd("soc/nor/mtd/mtd2", "kernel", 256, 1024);
	mtd("soc/nor/mtd/mtd3", "rootfs", 1280, 3072);
	mtd("soc/nor/mtd/mtd3/mtd4", "rootfs_data", 2048, 1024);
	mtd("soc/nor/mtd/mtd5", "behind", 4352, 256);
	mtd("soc/other/mtd/mtd6", "elsewhere", 256, 4096);
	mtd("soc/whole/mtd/mtd7", "chip", -1, 8192);
	mtd("soc/whole/mtd/mtd7/mtd8", "part", 1024, 1024);
	return 0;
}

static int clean(void **state)
{
	return sysfs_remove();
}

struct seen {
	bool is[16];
	int64_t start[16];
};

static int note(void *ctx, const struct lb_mtd_part *p)
{
	struct seen *s = ctx;
	const int n = atoi(p->numbers);

	s->is[n] = true;
	s->start[n] = p->start_bytes;
	return 0;
}

static void assert_shares(const char *numbers, const char *with)
{
	struct seen s = {.is = {false}};

	assert_int_equal(lb_mtd_overlaps(numbers, note, &s, &sysfs_roots), 0);
	for (int n = 0; n < 9; n++) {
		const char digit[] = {(char)('0' + n), '\0'};

		if (s.is[n] != (strstr(with, digit) != NULL))
			fail_msg("mtd%s and mtd%d", numbers, n);
	}
}

static void overlaps__one_in_another__found_from_both_sides(void **state)
{
	assert_shares("1", "1234");
	assert_shares("2", "12");
	assert_shares("3", "134");
	assert_shares("4", "134");
}

static void overlaps__neighbours_and_other_chips__share_nothing(void **state)
{
	assert_shares("0", "0");
	assert_shares("5", "5");
	assert_shares("6", "6");
}

static void overlaps__partition_of_a_chip_with_a_name__shares_with_the_chip(void **state)
{
	assert_shares("7", "78");
	assert_shares("8", "78");
}

static void overlaps__start__counts_from_the_one_asked_about(void **state)
{
	struct seen s = {.is = {false}};

	assert_int_equal(lb_mtd_overlaps("3", note, &s, &sysfs_roots), 0);
	assert_int_equal(s.start[4], 2048 * KIB);
	assert_int_equal(s.start[1], -(int64_t)(1024 * KIB));
	assert_int_equal(s.start[3], 0);
}

static void overlaps__no_such_partition__is_an_error(void **state)
{
	struct seen s = {.is = {false}};

	assert_int_equal(lb_mtd_overlaps("99", note, &s, &sysfs_roots), LB_E(NOENT));
}

static void overlaps__kernel_that_tells_no_place__itself_only(void **state)
{
	sysfs_flash("mtd", "mtd9", "bare");
	struct seen s = {.is = {false}};

	assert_int_equal(lb_mtd_overlaps("9", note, &s, &sysfs_roots), 0);
	assert_true(s.is[9]);
	assert_false(s.is[1]);
}

static void guard__partition_that_holds_a_protected_one__is_protected(void **state)
{
	static const char names[][LB_NAME_MAX] = {"kernel"};

	assert_int_equal(lb_guard_check("/dev/mtd1", 0, 4096, &sysfs_roots), 0);
	lb_guard_set(names, 1);
	assert_int_equal(lb_guard_check("/dev/mtd1", 0, 4096, &sysfs_roots), LB_E(PROTECTED));
	assert_int_equal(lb_guard_check("/dev/mtd3", 0, 4096, &sysfs_roots), 0);
}

#define mapped(f) cmocka_unit_test_setup_teardown(f, make, clean)

TESTS(mapped(overlaps__one_in_another__found_from_both_sides),
      mapped(overlaps__neighbours_and_other_chips__share_nothing),
      mapped(overlaps__partition_of_a_chip_with_a_name__shares_with_the_chip),
      mapped(overlaps__start__counts_from_the_one_asked_about),
      mapped(overlaps__no_such_partition__is_an_error),
      mapped(overlaps__kernel_that_tells_no_place__itself_only),
      mapped(guard__partition_that_holds_a_protected_one__is_protected))
