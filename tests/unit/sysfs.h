/* tests/unit/sysfs.h - disks and flash as the kernel shows them below /sys, in a folder of their
 * own. */
#pragma once

#include "tests/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/linux/disk/blockdev.h"

static char sysfs_root[64], sysfs_sys[96], sysfs_dev[96];
static const struct lb_blockdev_roots sysfs_roots = {.sys = sysfs_sys, .dev = sysfs_dev};

static inline void sysfs_dirs(const char *path)
{
	char command[256];

	(void)snprintf(command, sizeof(command), "mkdir -p '%s'", path);
	assert_int_equal(system(command), 0);
}

static inline void sysfs_put(const char *dir, const char *file, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* A disk (start 0) or a partition, in sectors; `place` below /sys/devices, as "pci0/vda/vda2". */
static inline void sysfs_disk(const char *place, const char *label, unsigned start, unsigned size)
{
	const char *name = strrchr(place, '/') + 1;
	char dir[192], text[192], link[192];

	(void)snprintf(dir, sizeof(dir), "%s/devices/%s", sysfs_sys, place);
	sysfs_dirs(dir);
	(void)snprintf(text, sizeof(text), "DEVNAME=%s\n%s%s\n", name, label ? "PARTNAME=" : "",
		       label ? label : "");
	sysfs_put(dir, "uevent", text);
	(void)snprintf(text, sizeof(text), "%u\n", size);
	sysfs_put(dir, "size", text);
	if (start) {
		sysfs_put(dir, "partition", "1\n");
		(void)snprintf(text, sizeof(text), "%u\n", start);
		sysfs_put(dir, "start", text);
	}
	(void)snprintf(text, sizeof(text), "../../devices/%s", place);
	(void)snprintf(link, sizeof(link), "%s/class/block/%s", sysfs_sys, name);
	assert_int_equal(symlink(text, link), 0);
}

/* A flash partition or a UBI volume: a folder with its name in it. */
static inline void sysfs_flash(const char *class_dir, const char *entry, const char *name)
{
	char dir[192], line[96];

	(void)snprintf(dir, sizeof(dir), "%s/class/%s/%s", sysfs_sys, class_dir, entry);
	sysfs_dirs(dir);
	(void)snprintf(line, sizeof(line), "%s\n", name);
	sysfs_put(dir, "name", line);
}

static inline void sysfs_make(void)
{
	char path[128];

	(void)strcpy(sysfs_root, "/tmp/lifeboat-sysfs-XXXXXX");
	assert_non_null(mkdtemp(sysfs_root));
	(void)snprintf(sysfs_sys, sizeof(sysfs_sys), "%s/sys", sysfs_root);
	(void)snprintf(sysfs_dev, sizeof(sysfs_dev), "%s/dev", sysfs_root);
	(void)snprintf(path, sizeof(path), "%s/class/block", sysfs_sys);
	sysfs_dirs(path);
}

static inline int sysfs_remove(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r '%s'", sysfs_root);
	return system(command);
}
