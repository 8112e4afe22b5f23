/* Which disks may be overwritten: made to be taken out, and nothing of them in use. */
#include "tests/t.h"

#include "plat/linux/disk/drives.h"
#include "tests/unit/sysfs.h"

static char proc[96];
static const struct lb_drive_roots roots = {.devices = {.sys = sysfs_sys, .dev = sysfs_dev},
					    .proc = proc};
static struct lb_drive d;

static void put(const char *place, const char *file, const char *text)
{
	char path[192];

	(void)snprintf(path, sizeof(path), "%s/devices/%s", sysfs_sys, place);
	sysfs_put(path, file, text);
}

static void folder(const char *place, const char *name)
{
	char path[192];

	(void)snprintf(path, sizeof(path), "%s/devices/%s/%s", sysfs_sys, place, name);
	sysfs_dirs(path);
}

static void mounts(const char *mountinfo, const char *swaps)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/self", proc);
	sysfs_dirs(path);
	sysfs_put(path, "mountinfo", mountinfo);
	sysfs_put(proc, "swaps", swaps);
}

static void disk(const char *place, const char *dev, unsigned sectors)
{
	sysfs_disk(place, NULL, 0, sectors);
	put(place, "dev", dev);
	folder(place, "device");
}

/* The disk of the PC, a stick, a card in a reader that is built in, a loop device. */
static int make(void **state)
{
	sysfs_make();
	(void)snprintf(proc, sizeof(proc), "%s/proc", sysfs_root);
	mounts("22 1 8:2 / / rw - ext4 /dev/sda2 rw\n25 1 0:5 / /proc rw - proc proc rw\n", "");
	disk("pci0/sda", "8:0\n", 4000000);
	sysfs_disk("pci0/sda/sda1", NULL, 2048, 1000);
	put("pci0/sda/sda1", "dev", "8:1\n");
	sysfs_disk("pci0/sda/sda2", NULL, 4096, 3000000);
	put("pci0/sda/sda2", "dev", "8:2\n");
	put("pci0/sda", "device/vendor", "ATA     \n");
	put("pci0/sda", "device/model", "Samsung SSD 870\n");
	disk("pci0/usb1/1-2/sdb", "8:16\n", 31116288);
	sysfs_disk("pci0/usb1/1-2/sdb/sdb1", NULL, 8192, 1000000);
	put("pci0/usb1/1-2/sdb/sdb1", "dev", "8:17\n");
	put("pci0/usb1/1-2/sdb", "device/vendor", "SanDisk \n");
	put("pci0/usb1/1-2/sdb", "device/model", "Ultra\x1b\n");
	disk("pci0/mmc0/mmcblk0", "179:0\n", 30000000);
	put("pci0/mmc0/mmcblk0", "device/type", "SD\n");
	put("pci0/mmc0/mmcblk0", "device/name", "SC16G\n");
	sysfs_disk("virtual/loop0", NULL, 0, 100);
	put("virtual/loop0", "dev", "7:0\n");
	return 0;
}

static int clean(void **state)
{
	return sysfs_remove();
}

static void look(const char *name)
{
	assert_int_equal(lb_drive_look(&d, name, &roots), 0);
}

static void look__stick__size_model_and_free(void **state)
{
	look("sdb");
	assert_string_equal(d.model, "SanDisk Ultra?");
	assert_int_equal(d.size_bytes, 31116288ull * 512);
	assert_int_equal(d.sector_bytes, 512);
	assert_true(d.removable && d.hardware && !d.readonly && !d.runs_system);
	assert_string_equal(d.used_for, "");
}

static void look__reader_that_is_built_in__only_a_card_is_removable(void **state)
{
	look("mmcblk0");
	assert_true(d.removable);
	assert_string_equal(d.model, "SC16G");
	put("pci0/mmc0/mmcblk0", "device/type", "MMC\n");
	put("pci0/mmc0/mmcblk0", "ro", "1\n");
	put("pci0/mmc0/mmcblk0", "removable", "0\n");
	look("mmcblk0");
	assert_false(d.removable);
	assert_true(d.readonly);
	put("pci0/mmc0/mmcblk0", "removable", "1\n");
	look("mmcblk0");
	assert_true(d.removable);
}

static void look__disk_of_the_system__says_so(void **state)
{
	look("sda");
	assert_true(d.runs_system && !d.removable);
	assert_string_equal(d.used_for, "/");
	assert_string_equal(d.model, "Samsung SSD 870");
}

static void look__partition_is_mounted__the_disk_is_in_use(void **state)
{
	mounts("9 1 8:17 / /media/my\\040stick rw - vfat /dev/sdb1 rw\n", "");
	look("sdb");
	assert_string_equal(d.used_for, "/media/my stick");
	assert_false(d.runs_system);
	look("sda");
	assert_string_equal(d.used_for, "");
}

/* btrfs has a number that belongs to no device. */
static void look__btrfs__goes_by_its_source(void **state)
{
	mounts("9 1 0:44 /@ / rw shared:1 - btrfs /dev/sdb1 rw\n", "");
	look("sdb");
	assert_true(d.runs_system);
}

static void look__encrypted_volume_on_a_volume__is_found_through_its_holders(void **state)
{
	sysfs_disk("virtual/dm-0", NULL, 0, 100);
	put("virtual/dm-0", "dev", "253:0\n");
	sysfs_disk("virtual/dm-1", NULL, 0, 100);
	put("virtual/dm-1", "dev", "253:1\n");
	folder("pci0/usb1/1-2/sdb/sdb1", "holders/dm-0");
	folder("virtual/dm-0", "holders/dm-1");
	look("sdb");
	assert_string_equal(d.used_for, "");
	mounts("9 1 8:1 / /srv rw - ext4 /dev/sda1 rw\n"
	       "9 1 253:1 / /srv/x rw - ext4 /dev/mapper/x rw\n"
	       "9 1 253:1 / /var rw - ext4 /dev/mapper/x rw\n",
	       "");
	look("sdb");
	assert_string_equal(d.used_for, "/var");
	assert_true(d.runs_system);
}

static void look__swap__the_system_runs_on_it(void **state)
{
	mounts("", "Filename Type Size Used Priority\n/dev/sdb1 partition 1 0 -2\n");
	look("sdb");
	assert_string_equal(d.used_for, "swap");
	assert_true(d.runs_system);
}

static void look__mounts_that_cannot_be_read__is_no_answer(void **state)
{
	mounts("strange\n", "");
	assert_int_equal(lb_drive_look(&d, "sdb", &roots), LB_E(FORMAT));
	(void)strcpy(proc, "/nowhere");
	assert_int_equal(lb_drive_look(&d, "sdb", &roots), LB_E(NOENT));
	assert_int_equal(lb_drive_look(&d, "sdz", &roots), LB_E(NOENT));
}

static int collect(void *ctx, const struct lb_drive *drive)
{
	char *all = ctx;

	(void)strcat(strcat(all, drive->name), " ");
	return 0;
}

static void each__hardware_only__by_name(void **state)
{
	char all[256] = "";

	disk("pci0/usb1/sdaa", "65:160\n", 0);
	disk("pci0/usb1/sdc", "8:32\n", 0);
	assert_int_equal(lb_drives_each(collect, all, &roots), 0);
	assert_string_equal(all, "sda sdb sdc sdaa mmcblk0 ");
}

static void each__one_cannot_be_described__the_others_come_and_it_is_told(void **state)
{
	char all[64] = "", name[64];

	for (unsigned i = 1; i <= 70; i++) {
		(void)snprintf(name, sizeof(name), "pci0/mmc0/mmcblk0/mmcblk0p%u", i);
		sysfs_disk(name, NULL, i, 1);
		put(name, "dev", "259:1\n");
	}
	disk("pci0/mmc1/mmcblk1", "179:32\n", 30000000);
	assert_int_equal(lb_drives_each(collect, all, &roots), LB_E(NOSPC));
	assert_string_equal(all, "sda sdb mmcblk1 ");
}

static void of_node__what_is_no_block_device__is_refused(void **state)
{
	char name[LB_NAME_MAX] = "before", device[LB_NAME_MAX];

	assert_int_equal(lb_drive_of_node("/dev/null", name, device, &roots), LB_E(FORMAT));
	assert_int_equal(lb_drive_of_node("/nowhere", name, device, &roots), LB_E(NOENT));
	assert_string_equal(name, "before");
}

#define on_pc(f) cmocka_unit_test_setup_teardown(f, make, clean)

TESTS(on_pc(look__stick__size_model_and_free),
      on_pc(look__reader_that_is_built_in__only_a_card_is_removable),
      on_pc(look__disk_of_the_system__says_so),
      on_pc(look__partition_is_mounted__the_disk_is_in_use), on_pc(look__btrfs__goes_by_its_source),
      on_pc(look__encrypted_volume_on_a_volume__is_found_through_its_holders),
      on_pc(look__swap__the_system_runs_on_it),
      on_pc(look__mounts_that_cannot_be_read__is_no_answer), on_pc(each__hardware_only__by_name),
      on_pc(each__one_cannot_be_described__the_others_come_and_it_is_told),
      on_pc(of_node__what_is_no_block_device__is_refused))
