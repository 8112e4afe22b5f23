/* Partitions as the kernel shows them in /sys: which of them are on the disk of the root. */
#include "tests/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/linux/disk.h"

#define DATA "rootfs_data"

static char root[64], sys[96], dev[96];
static struct lb_blockdev_roots roots = {.sys = sys, .dev = dev};

static void make_dirs(const char *path)
{
	char command[256];

	(void)snprintf(command, sizeof(command), "mkdir -p '%s'", path);
	assert_int_equal(system(command), 0);
}

static void put(const char *dir, const char *file, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* `place` below /sys/devices, as "pci0/vda" or "pci0/vda/vda2". */
static void add(const char *place, const char *label, unsigned start, unsigned size)
{
	const char *name = strrchr(place, '/') + 1;
	char dir[192], text[192], link[192];

	(void)snprintf(dir, sizeof(dir), "%s/devices/%s", sys, place);
	make_dirs(dir);
	(void)snprintf(text, sizeof(text), "DEVNAME=%s\n%s%s\n", name, label ? "PARTNAME=" : "",
		       label ? label : "");
	put(dir, "uevent", text);
	(void)snprintf(text, sizeof(text), "%u\n", size);
	put(dir, "size", text);
	if (start) {
		put(dir, "partition", "1\n");
		(void)snprintf(text, sizeof(text), "%u\n", start);
		put(dir, "start", text);
	}
	(void)snprintf(text, sizeof(text), "../../devices/%s", place);
	(void)snprintf(link, sizeof(link), "%s/class/block/%s", sys, name);
	assert_int_equal(symlink(text, link), 0);
}

static int make_machine(void **state)
{
	char path[128];

	(void)strcpy(root, "/tmp/lifeboat-parts-XXXXXX");
	assert_non_null(mkdtemp(root));
	(void)snprintf(sys, sizeof(sys), "%s/sys", root);
	(void)snprintf(dev, sizeof(dev), "%s/dev", root);
	(void)snprintf(path, sizeof(path), "%s/class/block", sys);
	make_dirs(path);
	add("pci0/vda", NULL, 0, 1000);
	add("pci0/vda/vda1", "lifeboat", 10, 90);
	add("pci0/vda/vda2", "rootfs", 100, 300);
	add("usb1/sda", NULL, 0, 500);
	add("usb1/sda/sda1", DATA, 10, 400);
	return 0;
}

static int remove_machine(void **state)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r '%s'", root);
	return system(command);
}

static int labelled(struct lb_partition *out)
{
	return lb_disk_labelled("/dev/vda2", DATA, out, &roots);
}

static void of__partition_and_disk__the_disk_and_the_place_on_it(void **state)
{
	struct lb_disk d = {.name = "before"};

	assert_int_equal(lb_disk_of("/dev/nothing", &d, &roots), LB_E(NOENT));
	assert_int_equal(lb_disk_of("", &d, &roots), LB_E(NOENT));
	assert_string_equal(d.name, "before");
	assert_int_equal(lb_disk_of("/dev/vda2", &d, &roots), 0);
	assert_string_equal(d.name, "vda");
	assert_int_equal(d.start_bytes, 100 * 512);
	assert_int_equal(d.size_bytes, 300 * 512);
	assert_int_equal(lb_disk_of("vda", &d, &roots), 0);
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

	add("pci0/vda/vda3", DATA, 400, 500);
	add("pci0/vda/vda4", DATA "2", 900, 50);
	assert_int_equal(labelled(&p), 0);
	assert_string_equal(p.name, "vda3");
	assert_int_equal(p.start_bytes, 400 * 512);
	assert_int_equal(p.size_bytes, 500 * 512);
	/* the root may take the whole disk, as seen by a kernel that found partitions later */
	assert_int_equal(lb_disk_labelled("/dev/vda", DATA, &p, &roots), 0);
}

static void labelled__twice_on_one_disk__is_neither(void **state)
{
	struct lb_partition p = {.name = "before"};

	add("pci0/vda/vda3", DATA, 400, 200);
	add("pci0/vda/vda4", DATA, 600, 200);
	assert_int_equal(labelled(&p), LB_E(EXIST));
	assert_string_equal(p.name, "before");
}

/* Formatting it would destroy what the router starts from. */
static void labelled__the_root_itself__is_not_it(void **state)
{
	struct lb_partition p;

	add("pci0/vda/vda3", DATA, 400, 200);
	assert_int_equal(lb_disk_labelled("/dev/vda3", DATA, &p, &roots), LB_E(NOENT));
}

static void labelled__disk_that_lies__is_refused(void **state)
{
	struct lb_partition p;
	char path[192];

	add("pci0/vda/vda3", DATA, 400, 200);
	(void)snprintf(path, sizeof(path), "%s/devices/pci0/vda/vda3", sys);
	put(path, "size", "99999999999999999999999\n");
	assert_int_equal(labelled(&p), LB_E(FORMAT));
	put(path, "size", "-\n");
	assert_int_equal(labelled(&p), LB_E(FORMAT));
}

#define on_machine(f) cmocka_unit_test_setup_teardown(f, make_machine, remove_machine)

TESTS(on_machine(of__partition_and_disk__the_disk_and_the_place_on_it),
      on_machine(labelled__only_on_another_disk__is_not_there),
      on_machine(labelled__on_the_disk_of_the_root__is_found),
      on_machine(labelled__twice_on_one_disk__is_neither),
      on_machine(labelled__the_root_itself__is_not_it),
      on_machine(labelled__disk_that_lies__is_refused))
