#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/linux/disk/blockdev.h"

#define UUID "8b3c2f10-1d5e-4c0b-9a77-0123456789ab"

static char root[] = "/tmp/lifeboat-blockdev-XXXXXX";
static char sys[64], dev[64], out[LB_PATH_MAX];
static struct lb_blockdev_roots roots = {.sys = sys, .dev = dev};

static void make_dir(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

/* A partition as the kernel shows it: a link in class/block to its place on a bus. */
static void add(const char *name, const char *bus, const char *uevent)
{
	char path[256], target[256];
	FILE *f;

	for (const char *slash = bus; slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(path, sizeof(path), "%s/devices/%.*s", sys,
			       slash == bus ? 0 : (int)(slash - bus), bus);
		(void)mkdir(path, 0755);
	}
	(void)snprintf(path, sizeof(path), "%s/devices/%s", sys, bus);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/devices/%s/%s", sys, bus, name);
	make_dir(path);
	(void)snprintf(path, sizeof(path), "%s/devices/%s/%s/uevent", sys, bus, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(uevent, f) >= 0);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(path, sizeof(path), "%s/class/block/%s", sys, name);
	(void)snprintf(target, sizeof(target), "../../devices/%s/%s", bus, name);
	assert_int_equal(symlink(target, path), 0);
}

/* A flash partition or a UBI volume: a folder with its name in it. */
static void add_flash(const char *class_dir, const char *entry, const char *name)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/class/%s", sys, class_dir);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/class/%s/%s", sys, class_dir, entry);
	make_dir(path);
	(void)snprintf(path, sizeof(path), "%s/class/%s/%s/name", sys, class_dir, entry);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fprintf(f, "%s\n", name) > 0);
	assert_int_equal(fclose(f), 0);
}

static int make_machine(void **state)
{
	char path[128];

	(void)strcpy(root, "/tmp/lifeboat-blockdev-XXXXXX");
	assert_non_null(mkdtemp(root));
	(void)snprintf(sys, sizeof(sys), "%s/sys", root);
	(void)snprintf(dev, sizeof(dev), "%s/dev", root);
	make_dir(sys);
	make_dir(dev);
	for (int i = 0; i < 3; i++) {
		static const char *const dirs[] = {"class", "class/block", "devices"};

		(void)snprintf(path, sizeof(path), "%s/%s", sys, dirs[i]);
		make_dir(path);
	}
	add("vda", "virtio0", "MAJOR=254\nDEVNAME=vda\nDEVTYPE=disk\n");
	add("vda2", "virtio0", "DEVNAME=vda2\nDEVTYPE=partition\nPARTN=2\nPARTNAME=lifeboat\n");
	add("vda3", "virtio0", "DEVNAME=vda3\nPARTN=3\nPARTNAME=lifeboat2\nPARTUUID=" UUID "\n");
	add("nvme", "pci0", "DEVNAME=sub/dir0\nPARTNAME=with space=and sign\n");
	lb_blockdev_set_card("", &(struct lb_ptable_layout){0});
	(void)strcpy(out, "before");
	return 0;
}

static int remove_machine(void **state)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r '%s'", root);
	return system(command);
}

static void assert_found(const char *spec, const char *name)
{
	char want[128];

	(void)snprintf(want, sizeof(want), "%s/%s", dev, name);
	assert_int_equal(lb_blockdev_find(spec, out, &roots), 0);
	assert_string_equal(out, want);
}

/* Of flash the character device. */
static void assert_raw(const char *spec, const char *name)
{
	char want[128];

	(void)snprintf(want, sizeof(want), "%s/%s", dev, name);
	assert_int_equal(lb_blockdev_find_raw(spec, out, &roots), 0);
	assert_string_equal(out, want);
}

static void assert_refused(const char *spec, int err)
{
	assert_int_equal(lb_blockdev_find(spec, out, &roots), err);
	assert_string_equal(out, "before");
}

static void find__label__is_compared_as_a_whole(void **state)
{
	assert_refused("PARTLABEL=lifeboa", LB_E(NOENT));
	assert_refused("PARTLABEL=LIFEBOAT", LB_E(NOENT));
	assert_refused("PARTLABEL=lifeboat3", LB_E(NOENT));
	assert_found("PARTLABEL=lifeboat", "vda2");
	assert_found("PARTLABEL=lifeboat2", "vda3");
	assert_found("PARTLABEL=with space=and sign", "sub/dir0");
}

static void find__longer_key__is_not_taken_for_the_label(void **state)
{
	add("vdb1", "virtio1", "DEVNAME=vdb1\nPARTNAMES=\nPARTNAME=odd\n");
	assert_found("PARTLABEL=odd", "vdb1");
}

static void find__uuid__is_found_in_either_case(void **state)
{
	assert_refused("PARTUUID=8b3c2f10", LB_E(NOENT));
	assert_found("PARTUUID=" UUID, "vda3");
	assert_found("PARTUUID=8B3C2F10-1D5E-4C0B-9A77-0123456789AB", "vda3");
}

static void find__path__is_taken_as_it_is(void **state)
{
	char longest[LB_PATH_MAX + 1];

	memset(longest, '/', sizeof(longest));
	longest[LB_PATH_MAX] = '\0';
	assert_refused(longest, LB_E(RANGE));
	longest[LB_PATH_MAX - 1] = '\0';
	assert_int_equal(lb_blockdev_find(longest, out, &roots), 0);
	assert_string_equal(out, longest);
}

static void find__other_words__are_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "vda2",
					    "PARTLABEL",
					    "PARTLABEL=",
					    "PARTUUID=",
					    "partlabel=lifeboat",
					    "LABEL=lifeboat",
					    "MTD=",
					    "UBI=",
					    "mtd=rootfs"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_refused(wrong[i], LB_E(FORMAT));
}

static void find__same_label_on_a_stick__own_partition_wins(void **state)
{
	add("aaa1", "usb1", "DEVNAME=aaa1\nPARTNAME=lifeboat\n");
	assert_found("PARTLABEL=lifeboat", "vda2");
	add("aab1", "usb1", "DEVNAME=aab1\nPARTNAME=stick\n");
	assert_found("PARTLABEL=stick", "aab1");
}

static void find__same_label_twice__first_name_wins(void **state)
{
	add("sdb1", "ata2", "DEVNAME=sdb1\nPARTNAME=twice\n");
	add("sda1", "ata1", "DEVNAME=sda1\nPARTNAME=twice\n");
	add("sdc1", "ata3", "DEVNAME=sdc1\nPARTNAME=twice\n");
	assert_found("PARTLABEL=twice", "sda1");
}

#define LAYOUT(...)                                                        \
	(struct lb_ptable_layout)                                          \
	{                                                                  \
		.kind = LB_PTABLE_GPT, .count = 2, .part = { __VA_ARGS__ } \
	}

/* A router whose card is called as in the board file, and a stick that is a copy of it. */
static void add_copy(const char *disk, const char *bus)
{
	char name[32], uevent[128];

	for (unsigned i = 1; i <= 2; i++) {
		(void)snprintf(name, sizeof(name), "%s%u", disk, i);
		(void)snprintf(uevent, sizeof(uevent),
			       "DEVNAME=%s\nPARTN=%u\nPARTNAME=%s\nPARTUUID=0000-0%u\n", name, i,
			       i == 1 ? "record" : "system", i);
		add(name, bus, uevent);
	}
}

static void find__label_of_the_card__is_never_on_a_copy_of_it(void **state)
{
	const struct lb_ptable_layout layout = LAYOUT({"record", 1}, {"system", 0});

	lb_blockdev_set_card("/dev/zcard", &layout);
	add_copy("aaa", "usb1");
	assert_refused("PARTLABEL=system", LB_E(NOENT));
	add("zcard", "zcard", "DEVNAME=zcard\nDEVTYPE=disk\n");
	assert_refused("PARTLABEL=system", LB_E(NOENT)); /* there is no table on it yet */
	assert_refused("PARTLABEL=record", LB_E(NOENT));
	add_copy("aab", "ata1");
	assert_refused("PARTLABEL=system", LB_E(NOENT));
	add("zcard1", "zcard/zcard", "DEVNAME=zcard1\nPARTNAME=record\nPARTUUID=0000-01\n");
	add("zcard2", "zcard/zcard", "DEVNAME=zcard2\nPARTNAME=system\nPARTUUID=0000-02\n");
	assert_found("PARTLABEL=system", "zcard2");
	assert_found("PARTLABEL=record", "zcard1");
	assert_found("PARTUUID=0000-02", "zcard2");
	assert_found("PARTLABEL=lifeboat", "vda2"); /* none of the card's */
}

/* Kernels number cards one way or the other. */
static void find__card_of_another_name__is_found_beside_a_stick(void **state)
{
	const struct lb_ptable_layout layout = LAYOUT({"record", 1}, {"system", 0});

	lb_blockdev_set_card("/dev/zcard", &layout);
	add_copy("aaa", "usb1");
	add_copy("zother", "mmc1");
	assert_found("PARTLABEL=system", "zother2");
	assert_found("PARTUUID=0000-02", "zother2");
}

static void find__card_on_usb__is_told_from_a_stick(void **state)
{
	const struct lb_ptable_layout layout = LAYOUT({"record", 1}, {"system", 0});

	lb_blockdev_set_card("/dev/sdx", &layout);
	add_copy("aaa", "usb1");
	add("sdx", "usb2", "DEVNAME=sdx\nDEVTYPE=disk\n");
	add("sdx2", "usb2/sdx", "DEVNAME=sdx2\nPARTNAME=system\nPARTUUID=0000-02\n");
	assert_found("PARTLABEL=system", "sdx2");
	assert_found("PARTUUID=0000-02", "sdx2");
}

static int twin(const char *spec, const char *name)
{
	char node[128];

	(void)snprintf(node, sizeof(node), "%s/%s", dev, name);
	(void)strcpy(out, "before");
	return lb_blockdev_twin(spec, node, out, &roots);
}

static void twin__of_equal_standing__is_told(void **state)
{
	add_copy("aaa", "usb1");
	assert_int_equal(twin("PARTLABEL=system", "aaa2"), LB_E(NOENT));
	add_copy("aab", "usb2");
	assert_int_equal(twin("PARTLABEL=system", "aaa2"), 0);
	assert_non_null(strstr(out, "/aab2"));
	assert_int_equal(twin("PARTUUID=0000-02", "aaa2"), 0);
	add_copy("zzz", "ata1");
	assert_int_equal(twin("PARTLABEL=system", "zzz2"), LB_E(NOENT));
	assert_int_equal(twin("PARTLABEL=system", "aaa2"),
			 LB_E(NOENT)); /* not the one that is found */
	assert_int_equal(twin("/dev/zzz2", "zzz2"), LB_E(NOENT));
	assert_int_equal(twin("MTD=system", "zzz2"), LB_E(NOENT));
	assert_string_equal(out, "before");
}

static void find__flash_partition__is_the_block_device_of_its_number(void **state)
{
	assert_refused("MTD=rootfs", LB_E(NOENT));
	add_flash("mtd", "mtd5", "rootfs");
	add_flash("mtd", "mtd6", "rootfs_data");
	add_flash("mtd", "mtd7ro", "twin");
	add_flash("mtd", "mtd8", "with space");
	assert_refused("MTD=root", LB_E(NOENT));
	assert_refused("MTD=twin", LB_E(NOENT));
	assert_refused("UBI=rootfs", LB_E(NOENT));
	assert_found("MTD=rootfs", "mtdblock5");
	assert_raw("MTD=rootfs", "mtd5");
	assert_raw("PARTLABEL=lifeboat", "vda2");
	assert_found("MTD=rootfs_data", "mtdblock6");
	assert_found("MTD=with space", "mtdblock8");
}

static void find__flash_name_twice__lowest_number_wins(void **state)
{
	add_flash("mtd", "mtd10", "twice");
	add_flash("mtd", "mtd2", "twice");
	add_flash("mtd", "mtd3", "twice");
	assert_found("MTD=twice", "mtdblock2");
}

static void find__ubi_volume__is_the_block_device_of_its_numbers(void **state)
{
	add_flash("ubi", "ubi0", "rootfs_data");
	add_flash("ubi", "ubi0_0", "lifeboat");
	add_flash("ubi", "ubi0_1", "rootfs_data");
	add_flash("ubi", "ubi1_1", "rootfs_data");
	assert_refused("UBI=data", LB_E(NOENT));
	assert_refused("MTD=lifeboat", LB_E(NOENT));
	assert_found("UBI=lifeboat", "ubiblock0_0");
	assert_found("UBI=rootfs_data", "ubiblock0_1");
	assert_raw("UBI=lifeboat", "ubi0_0");
}

static void find__no_sysfs__nothing_is_found(void **state)
{
	const struct lb_blockdev_roots none = {.sys = "/nonexistent", .dev = dev};

	assert_int_equal(lb_blockdev_find("PARTLABEL=lifeboat", out, &none), LB_E(NOENT));
	assert_string_equal(out, "before");
}

static void label__of_each_kind__is_what_find_would_be_asked_for(void **state)
{
	char name[LB_NAME_MAX] = "before";

	add_flash("mtd", "mtd5", "rootfs_a");
	add_flash("ubi", "ubi0_2", "rootfs");
	assert_int_equal(lb_blockdev_label("/dev/mtdblock5", name, &roots), 0);
	assert_string_equal(name, "rootfs_a");
	assert_int_equal(lb_blockdev_label("/dev/ubiblock0_2", name, &roots), 0);
	assert_string_equal(name, "rootfs");
	assert_int_equal(lb_blockdev_label("/dev/vda3", name, &roots), 0);
	assert_string_equal(name, "lifeboat2");
	assert_int_equal(lb_blockdev_label("/dev/vda", name, &roots), LB_E(NOENT));
	assert_int_equal(lb_blockdev_label("/dev/mtdblock50", name, &roots), LB_E(NOENT));
	assert_string_equal(name, "lifeboat2");
}

#define on_machine(f) cmocka_unit_test_setup_teardown(f, make_machine, remove_machine)

TESTS(on_machine(find__label__is_compared_as_a_whole),
      on_machine(find__longer_key__is_not_taken_for_the_label),
      on_machine(find__uuid__is_found_in_either_case), on_machine(find__path__is_taken_as_it_is),
      on_machine(find__other_words__are_refused),
      on_machine(find__same_label_on_a_stick__own_partition_wins),
      on_machine(find__same_label_twice__first_name_wins),
      on_machine(find__label_of_the_card__is_never_on_a_copy_of_it),
      on_machine(find__card_of_another_name__is_found_beside_a_stick),
      on_machine(find__card_on_usb__is_told_from_a_stick),
      on_machine(twin__of_equal_standing__is_told),
      on_machine(find__flash_partition__is_the_block_device_of_its_number),
      on_machine(find__flash_name_twice__lowest_number_wins),
      on_machine(find__ubi_volume__is_the_block_device_of_its_numbers),
      on_machine(find__no_sysfs__nothing_is_found),
      on_machine(label__of_each_kind__is_what_find_would_be_asked_for))
