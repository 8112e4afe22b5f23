/* Partitions as the kernel shows them in /sys: which of them are on the disk of the root. */
#include "tests/t.h"

#include <stdio.h>

#include "plat/linux/disk/disk.h"
#include "tests/unit/sysfs.h"

#define DATA "rootfs_data"

static int make_machine(void **state)
{
	sysfs_make();
	sysfs_disk("pci0/vda", NULL, 0, 1000);
	sysfs_disk("pci0/vda/vda1", "lifeboat", 10, 90);
	sysfs_disk("pci0/vda/vda2", "rootfs", 100, 300);
	sysfs_disk("usb1/sda", NULL, 0, 500);
	sysfs_disk("usb1/sda/sda1", DATA, 10, 400);
	return 0;
}

static int remove_machine(void **state)
{
	return sysfs_remove();
}

static int labelled(struct lb_partition *out)
{
	return lb_disk_labelled("/dev/vda2", DATA, out, &sysfs_roots);
}

static void of__partition_and_disk__the_disk_and_the_place_on_it(void **state)
{
	struct lb_disk d = {.name = "before"};

	assert_int_equal(lb_disk_of("/dev/nothing", &d, &sysfs_roots), LB_E(NOENT));
	assert_int_equal(lb_disk_of("", &d, &sysfs_roots), LB_E(NOENT));
	assert_string_equal(d.name, "before");
	assert_int_equal(lb_disk_of("/dev/vda2", &d, &sysfs_roots), 0);
	assert_string_equal(d.name, "vda");
	assert_int_equal(d.start_bytes, 100 * 512);
	assert_int_equal(d.size_bytes, 300 * 512);
	assert_int_equal(lb_disk_of("vda", &d, &sysfs_roots), 0);
	assert_string_equal(d.name, "vda");
	assert_int_equal(d.start_bytes, 0);
	assert_int_equal(d.size_bytes, 1000 * 512);
}

static void labelled__only_on_another_disk__is_not_there(void **state)
{
	struct lb_partition p = {.name = "before"};

	assert_int_equal(labelled(&p), LB_E(NOENT));
	assert_string_equal(p.name, "before");
}

static void labelled__on_the_disk_of_the_root__is_found(void **state)
{
	struct lb_partition p;

	sysfs_disk("pci0/vda/vda3", DATA, 400, 500);
	sysfs_disk("pci0/vda/vda4", DATA "2", 900, 50);
	assert_int_equal(labelled(&p), 0);
	assert_string_equal(p.name, "vda3");
	assert_int_equal(p.start_bytes, 400 * 512);
	assert_int_equal(p.size_bytes, 500 * 512);
	/* the root may take the whole disk, as seen by a kernel that found partitions later */
	assert_int_equal(lb_disk_labelled("/dev/vda", DATA, &p, &sysfs_roots), 0);
}

static void labelled__twice_on_one_disk__is_neither(void **state)
{
	struct lb_partition p = {.name = "before"};

	sysfs_disk("pci0/vda/vda3", DATA, 400, 200);
	sysfs_disk("pci0/vda/vda4", DATA, 600, 200);
	assert_int_equal(labelled(&p), LB_E(EXIST));
	assert_string_equal(p.name, "before");
}

/* Formatting it would destroy what the router starts from. */
static void labelled__the_root_itself__is_not_it(void **state)
{
	struct lb_partition p;

	sysfs_disk("pci0/vda/vda3", DATA, 400, 200);
	assert_int_equal(lb_disk_labelled("/dev/vda3", DATA, &p, &sysfs_roots), LB_E(NOENT));
}

static void labelled__disk_that_lies__is_refused(void **state)
{
	struct lb_partition p;
	char path[192];

	sysfs_disk("pci0/vda/vda3", DATA, 400, 200);
	(void)snprintf(path, sizeof(path), "%s/devices/pci0/vda/vda3", sysfs_sys);
	sysfs_put(path, "size", "99999999999999999999999\n");
	assert_int_equal(labelled(&p), LB_E(FORMAT));
	sysfs_put(path, "size", "-\n");
	assert_int_equal(labelled(&p), LB_E(FORMAT));
}

#define on_machine(f) cmocka_unit_test_setup_teardown(f, make_machine, remove_machine)

TESTS(on_machine(of__partition_and_disk__the_disk_and_the_place_on_it),
      on_machine(labelled__only_on_another_disk__is_not_there),
      on_machine(labelled__on_the_disk_of_the_root__is_found),
      on_machine(labelled__twice_on_one_disk__is_neither),
      on_machine(labelled__the_root_itself__is_not_it),
      on_machine(labelled__disk_that_lies__is_refused))
