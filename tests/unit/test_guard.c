/* What may never be erased, formatted or marked, by any node that leads to it. */
#include "tests/t.h"

#include <unistd.h>

#include "plat/linux/disk/guard.h"
#include "tests/unit/sysfs.h"

static int check(const char *node)
{
	return lb_guard_check(node, 0, 4096, &sysfs_roots);
}

static int make(void **state)
{
	sysfs_make();
	lb_guard_set(NULL, 0);
	sysfs_disk("pci0/vda", NULL, 0, 100000);
	sysfs_disk("pci0/vda/vda1", "u-boot-env", 100, 100);
	sysfs_disk("pci0/vda/vda2", "rootfs", 200, 300);
	sysfs_disk("pci0/vda/vda3", "rootfs_data", 500, 500);
	sysfs_disk("pci0/vda/vda4", "keys", 1000, 100);
	return 0;
}

static int clean(void **state)
{
	return sysfs_remove();
}

static void check__partition__goes_by_its_label_in_either_case(void **state)
{
	assert_int_equal(check("/dev/vda1"), LB_E(PROTECTED));
	assert_int_equal(check("/dev/vda2"), 0);
	assert_int_equal(check("/dev/vda3"), 0);
	sysfs_disk("pci0/vda/vda5", "FACTORY", 1100, 100);
	sysfs_disk("pci0/vda/vda6", "factory2", 1200, 100);
	assert_int_equal(check("/dev/vda5"), LB_E(PROTECTED));
	assert_int_equal(check("/dev/vda6"), 0);
}

static void check__names_of_the_board__count_as_well(void **state)
{
	static const char names[][LB_NAME_MAX] = {"licence", "keys"};

	assert_int_equal(check("/dev/vda4"), 0);
	lb_guard_set(names, 2);
	assert_int_equal(check("/dev/vda4"), LB_E(PROTECTED));
	assert_int_equal(check("/dev/vda1"), LB_E(PROTECTED));
	lb_guard_set(names, 1);
	assert_int_equal(check("/dev/vda4"), 0);
}

/* A root that takes the whole disk, with what is behind it: as far as the range reaches. */
static void check__range_of_a_disk__may_not_reach_into_a_protected_partition(void **state)
{
	const uint64_t first = 100 * 512, end = 200 * 512;

	assert_int_equal(lb_guard_check("/dev/vda", 0, first, &sysfs_roots), 0);
	assert_int_equal(lb_guard_check("/dev/vda", 0, first + 1, &sysfs_roots), LB_E(PROTECTED));
	assert_int_equal(lb_guard_check("/dev/vda", first + 512, 512, &sysfs_roots),
			 LB_E(PROTECTED));
	assert_int_equal(lb_guard_check("/dev/vda", end - 1, 1, &sysfs_roots), LB_E(PROTECTED));
	assert_int_equal(lb_guard_check("/dev/vda", end, 1 << 20, &sysfs_roots), 0);
	assert_int_equal(lb_guard_check("/dev/vda", 0, 100000ull * 512, &sysfs_roots),
			 LB_E(PROTECTED));
}

/* A device reports sizes that a mistake or an overflow turns into a small range. */
static void check__range_beyond_the_device__is_refused(void **state)
{
	assert_int_equal(lb_guard_check("/dev/vda2", 1, 300 * 512, &sysfs_roots), LB_E(RANGE));
	assert_int_equal(lb_guard_check("/dev/vda", UINT64_MAX, 2, &sysfs_roots), LB_E(RANGE));
	assert_int_equal(lb_guard_check("/dev/vda", 4096, UINT64_MAX, &sysfs_roots), LB_E(RANGE));
}

static void check__flash__goes_by_the_name_whichever_node_leads_to_it(void **state)
{
	sysfs_flash("mtd", "mtd0", "art");
	sysfs_flash("mtd", "mtd12", "rootfs_data");
	sysfs_flash("ubi", "ubi0_0", "ubootenv");
	sysfs_flash("ubi", "ubi0_1", "rootfs_data");
	assert_int_equal(check("/dev/mtd0"), LB_E(PROTECTED));
	assert_int_equal(check("/dev/mtdblock0"), LB_E(PROTECTED));
	assert_int_equal(check("/dev/ubi0_0"), LB_E(PROTECTED));
	assert_int_equal(check("/dev/ubiblock0_0"), LB_E(PROTECTED));
	assert_int_equal(check("/dev/mtd12"), 0);
	assert_int_equal(check("/dev/mtdblock12"), 0);
	assert_int_equal(check("/dev/ubi0_1"), 0);
}

static void check__device_that_the_kernel_does_not_know__is_refused(void **state)
{
	assert_int_equal(check("/dev/mtd9"), LB_E(NOENT));
	assert_int_equal(check("/dev/sdx1"), LB_E(NOENT));
	assert_int_equal(check(""), LB_E(NOENT));
}

#define guarded(f) cmocka_unit_test_setup_teardown(f, make, clean)

TESTS(guarded(check__partition__goes_by_its_label_in_either_case),
      guarded(check__names_of_the_board__count_as_well),
      guarded(check__range_of_a_disk__may_not_reach_into_a_protected_partition),
      guarded(check__range_beyond_the_device__is_refused),
      guarded(check__flash__goes_by_the_name_whichever_node_leads_to_it),
      guarded(check__device_that_the_kernel_does_not_know__is_refused))
