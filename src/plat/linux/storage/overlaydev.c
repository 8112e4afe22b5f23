#include "plat/linux/storage/overlaydev.h"

#include <blkid/blkid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/rootfs.h"
#include "plat/linux/disk/guard.h"
#include "plat/linux/files/files.h"

#define BLANK_LOOK_BYTES                                                        \
	65536 /* both file systems have their first superblock well before this \
	       */

/* Of libblkid's search: it fails, and several file systems that contradict each other, are not the
 * same as none. */
static int probe_error(int result)
{
	if (result == 1)
		return LB_E(NOENT);
	return result == -2 ? LB_E(EXIST) : LB_E(IO);
}

/* The file system's name by libblkid, "" when it does not tell one. */
static int probe_type(int fd, char *type, size_t size)
{
	blkid_probe probe = blkid_new_probe();
	const char *value = NULL;
	int result = -1;

	type[0] = '\0';
	if (probe && blkid_probe_set_device(probe, fd, 0, 0) == 0 &&
	    blkid_probe_enable_superblocks(probe, 1) == 0 &&
	    blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE) == 0)
		result = blkid_do_safeprobe(probe);
	if (result == 0 && blkid_probe_lookup_value(probe, "TYPE", &value, NULL) == 0 && value)
		(void)snprintf(type, size, "%s", value);
	blkid_free_probe(probe);
	return type[0] ? 0 : probe_error(result);
}

int lb_disk_type(const char *disk, char *out, size_t size)
{
	CLEANUP(lb_fd_closep) int fd = open(disk, O_RDONLY | O_CLOEXEC);
	char type[32];
	int rc;

	if (fd < 0)
		return lb_err_from_errno(errno);
	rc = probe_type(fd, type, sizeof(type));
	if (rc < 0)
		return rc;
	if (strlen(type) >= size)
		return LB_E(NOSPC);
	(void)strcpy(out, type);
	return 0;
}

int lb_disk_head(const char *disk, void *head)
{
	CLEANUP(lb_fd_closep) int fd = open(disk, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? lb_err_from_errno(errno) : lb_fd_pread(fd, head, LB_ROOTFS_HEAD_BYTES, 0);
}

int lb_disk_by_number(unsigned major, unsigned minor, char out[LB_PATH_MAX])
{
	char path[64], target[LB_PATH_MAX];
	int len;
	const char *name;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major, minor);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return lb_err_from_errno(errno);
	target[n] = '\0';
	name = strrchr(target, '/');
	len = snprintf(path, sizeof(path), "/dev/%s", name ? name + 1 : target);
	if (len >= (int)sizeof(path))
		return LB_E(NOSPC);
	memcpy(out, path, (size_t)len + 1);
	return 0;
}

/* Some other process may take the free device between the two calls: then ask again. */
int lb_loop_attach(int disk_fd, uint64_t off_bytes, uint64_t size_bytes, bool readonly,
		   char path[LB_PATH_MAX])
{
	CLEANUP(lb_fd_closep) int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = (uint32_t)disk_fd,
		.info = {.lo_offset = off_bytes,
			 .lo_sizelimit = size_bytes,
			 .lo_flags = LO_FLAGS_AUTOCLEAR | (readonly ? LO_FLAGS_READ_ONLY : 0)},
	};

	if (control < 0)
		return lb_err_from_errno(errno);
	for (int attempt = 0; attempt < 8; attempt++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		char name[32];

		if (number < 0)
			return lb_err_from_errno(errno);
		(void)snprintf(name, sizeof(name), "/dev/loop%d", number);
		CLEANUP(lb_fd_closep)
		int fd = open(name, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
		if (fd < 0)
			return lb_err_from_errno(errno);
		if (ioctl(fd, LOOP_CONFIGURE, &config) == 0) {
			(void)snprintf(path, LB_PATH_MAX, "%s", name);
			return lb_fd_take(&fd);
		}
		if (errno != EBUSY)
			return lb_err_from_errno(errno);
	}
	return LB_E(BUSY);
}

static bool is_loop_over(int loop_fd, dev_t disk, uint64_t off_bytes)
{
	struct loop_info64 info;

	return ioctl(loop_fd, LOOP_GET_STATUS64, &info) == 0 && info.lo_rdevice == disk &&
	       info.lo_offset == off_bytes && !(info.lo_flags & LO_FLAGS_READ_ONLY);
}

/* The loop device that is there already, or LB_E(NOENT). Two over one area have two caches: what is
 * written through one, a file system on the other overwrites later, even when it seems unmounted
 * because only the root still holds it. */
static int attached_already(int disk_fd, uint64_t off_bytes, char path[LB_PATH_MAX])
{
	CLEANUP(lb_dir_closep) DIR *d = opendir("/sys/block");
	struct dirent *e;
	struct stat st;

	if (!d || fstat(disk_fd, &st) < 0)
		return lb_err_from_errno(errno);
	while ((e = readdir(d))) {
		char name[LB_PATH_MAX];

		if (strncmp(e->d_name, "loop", 4) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "/dev/%.32s", e->d_name);
		CLEANUP(lb_fd_closep) int fd = open(name, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && is_loop_over(fd, st.st_rdev, off_bytes)) {
			memcpy(path, name, sizeof(name));
			return lb_fd_take(&fd);
		}
	}
	return LB_E(NOENT);
}

/* A file system for disks would wear flash out, and what lies behind the squashfs there is a
 * partition of its own, maybe the owner's JFFS2. By the kernel's name: a ubiblock is not marked as
 * read-only, and while its root is mounted it even can be opened for writing. */
static bool is_flash(int disk_fd)
{
	static const char *const names[] = {"/dev/mtdblock", "/dev/ubiblock"};
	char disk[LB_PATH_MAX];
	struct stat st;

	if (fstat(disk_fd, &st) < 0 ||
	    lb_disk_by_number(major(st.st_rdev), minor(st.st_rdev), disk) < 0)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(disk, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Where the overlay begins, as the read-only root itself says. */
static int overlay_start(int fd, uint64_t *off_bytes)
{
	uint8_t head[LB_ROOTFS_HEAD_BYTES];
	struct lb_rootfs rootfs;
	int rc = lb_fd_pread(fd, head, sizeof(head), 0);

	if (rc == 0)
		rc = lb_rootfs_parse(&rootfs, head, sizeof(head));
	if (rc == 0)
		*off_bytes = lb_rootfs_overlay_start(&rootfs);
	return rc;
}

/* off_bytes 0: the root says it. */
static int open_behind(struct lb_overlay_dev *out, const char *disk, uint64_t off_bytes,
		       bool readonly)
{
	CLEANUP(lb_fd_closep) int fd = open(disk, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	struct lb_overlay_dev dev = {.off_bytes = off_bytes};
	uint64_t disk_bytes;
	int rc;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &disk_bytes) < 0)
		return lb_err_from_errno(errno);
	if (is_flash(fd))
		return LB_E(UNSUP);
	rc = off_bytes > 0 ? 0 : overlay_start(fd, &dev.off_bytes);
	if (rc < 0)
		return rc;
	if (dev.off_bytes >= disk_bytes)
		return LB_E(NOSPC);
	dev.size_bytes = disk_bytes - dev.off_bytes;
	(void)snprintf(dev.disk, sizeof(dev.disk), "%s", disk);
	dev.fd = readonly ? LB_E(NOENT) : attached_already(fd, dev.off_bytes, dev.source);
	if (dev.fd < 0)
		dev.fd = lb_loop_attach(fd, dev.off_bytes, dev.size_bytes, readonly, dev.source);
	if (dev.fd < 0)
		return dev.fd == LB_E(NOENT) ? LB_E(IO) : dev.fd;
	*out = dev;
	return 0;
}

int lb_rootdisk_open(struct lb_overlay_dev *out, const char *disk, bool readonly)
{
	return open_behind(out, disk, 0, readonly);
}

int lb_rootdisk_open_at(struct lb_overlay_dev *out, const char *disk, uint64_t off_bytes,
			bool readonly)
{
	return open_behind(out, disk, off_bytes, readonly);
}

int lb_overlay_dev_guard(const struct lb_overlay_dev *dev)
{
	return lb_guard_check(dev->disk, dev->off_bytes, dev->size_bytes, &lb_blockdev_roots);
}

static bool all_bytes_are(const uint8_t *p, size_t n, uint8_t value)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != value)
			return false;
	return true;
}

static bool starts_with(const uint8_t *p, size_t n, const uint8_t magic[4])
{
	return n >= 4 && memcmp(p, magic, 4) == 0;
}

/* gzip's magic and its only method; the flags that follow depend on who packed it. */
static bool is_gzip(const uint8_t *p, size_t n)
{
	return n >= 3 && p[0] == 0x1F && p[1] == 0x8B && p[2] == 0x08;
}

#define SECTOR_BYTES	   512
#define PADDED_SECTORS_MAX 512 /* how far OpenWrt's fstools looks */

static const uint8_t deadcode[4] = {0xDE, 0xAD, 0xC0, 0xDE};
static const uint8_t erased[4] = {0xFF, 0xFF, 0xFF, 0xFF};

/* An image is padded to the size of every erase block that may be, each time with a marker: the
 * archive that was appended to it lies behind the last. */
static int has_padded_archive(int fd, uint64_t size_bytes)
{
	static uint8_t look[(PADDED_SECTORS_MAX + 2) * SECTOR_BYTES];
	size_t n = size_bytes < sizeof(look) ? (size_t)size_bytes : sizeof(look);
	int rc = lb_fd_pread(fd, look, n, 0);
	size_t at = SECTOR_BYTES;

	if (rc < 0)
		return rc;
	while (at + SECTOR_BYTES < n &&
	       (starts_with(look + at, n - at, deadcode) || starts_with(look + at, n - at, erased)))
		at += SECTOR_BYTES;
	return is_gzip(look + at, n > at ? n - at : 0);
}

static int block_content(const struct lb_overlay_dev *dev, enum lb_overlay_content *out)
{
	static uint8_t look[BLANK_LOOK_BYTES];
	size_t n = dev->size_bytes < sizeof(look) ? (size_t)dev->size_bytes : sizeof(look);
	char type[32];
	int rc = lb_fd_pread(dev->fd, look, n, 0);

	if (rc < 0)
		return rc;
	if (is_gzip(look, n)) {
		*out = LB_CONTENT_ARCHIVE;
		return 0;
	}
	if (starts_with(look, n, deadcode) || starts_with(look, n, erased)) {
		rc = has_padded_archive(dev->fd, dev->size_bytes);
		if (rc != 0) {
			if (rc > 0)
				*out = LB_CONTENT_ARCHIVE;
			return rc < 0 ? rc : 0;
		}
	}
	(void)probe_type(dev->fd, type, sizeof(type));
	if (starts_with(look, n, deadcode))
		*out = LB_CONTENT_DEADCODE;
	else if (strcmp(type, "ext4") == 0)
		*out = LB_CONTENT_EXT4;
	else if (strcmp(type, "f2fs") == 0)
		*out = LB_CONTENT_F2FS;
	else if (all_bytes_are(look, n, 0x00) || all_bytes_are(look, n, 0xFF))
		*out = LB_CONTENT_BLANK;
	else
		*out = LB_CONTENT_UNKNOWN;
	return 0;
}

int lb_overlay_dev_content(const struct lb_overlay_dev *dev, enum lb_overlay_content *out)
{
	return lb_volume_is_flash(dev->kind) ? lb_flash_content(&dev->flash, out)
					     : block_content(dev, out);
}

const char *lb_overlay_fs_name(enum lb_overlay_fs fs)
{
	switch (fs) {
	case LB_FS_EXT4:
		break;
	case LB_FS_F2FS:
		return "f2fs";
	case LB_FS_JFFS2:
		return "jffs2";
	case LB_FS_UBIFS:
		return "ubifs";
	}
	return "ext4";
}

int lb_overlay_dev_type(const struct lb_overlay_dev *dev, char *out, size_t size)
{
	enum lb_overlay_content content;
	int rc;

	if (!lb_volume_is_flash(dev->kind))
		return lb_disk_type(dev->source, out, size);
	rc = lb_flash_content(&dev->flash, &content);
	if (rc < 0)
		return rc;
	if (content != LB_CONTENT_JFFS2 && content != LB_CONTENT_UBIFS)
		return LB_E(NOENT);
	(void)snprintf(out, size, "%s",
		       lb_overlay_fs_name(content == LB_CONTENT_JFFS2 ? LB_FS_JFFS2 : LB_FS_UBIFS));
	return 0;
}
