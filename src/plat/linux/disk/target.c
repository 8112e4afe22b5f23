#include "plat/linux/disk/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/disk/block.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/disk/guard.h"
#include "plat/linux/disk/target_say.h"

static int count_partition(void *ctx, const struct lb_partition *partition)
{
	++*(unsigned *)ctx;
	return 0;
}

/* Is it a disk with partitions on it, or are there none, or is it one itself? */
static int look_at_disk(struct lb_target *t, unsigned flags, char why[LB_SENTENCE_MAX])
{
	const char *slash = strrchr(t->node, '/');
	struct lb_disk disk;
	unsigned count = 0;
	int rc = lb_disk_of(t->node, &disk, &lb_blockdev_roots);

	t->kind = LB_TARGET_PARTITION;
	if (rc == 0 && strcmp(disk.name, slash ? slash + 1 : t->node) == 0)
		rc = lb_disk_partitions(&disk, count_partition, &count, &lb_blockdev_roots);
	if (rc < 0)
		return lb_target_refuse(why, rc, "%s: what the kernel says about it cannot be read",
					t->node);
	if (count == 0)
		return 0;
	if (!(flags & LB_TARGET_WHOLE_DISK))
		return lb_target_refuse(
			why, LB_E(STATE),
			"%s is a disk with %u partitions, all of which would be lost: name one of "
			"them",
			t->node, count);
	t->kind = LB_TARGET_DISK;
	return 0;
}

static int check_names(const struct lb_target *t, uint64_t size_bytes, char why[LB_SENTENCE_MAX])
{
	const int rc = lb_guard_check(t->node, 0, size_bytes, &lb_blockdev_roots);

	if (rc == 0)
		return 0;
	return lb_target_refuse(why, rc, "%s %s", t->node,
				rc == LB_E(PROTECTED)
					? "is protected: nothing may write there"
					: "may be protected, which cannot be found out");
}

static int open_device(struct lb_target *t, struct plat_target *out, unsigned flags,
		       char why[LB_SENTENCE_MAX])
{
	CLEANUP(lb_fd_closep) int fd = open(t->node, O_RDWR | O_EXCL | O_CLOEXEC | O_NONBLOCK);
	const int failed = errno;
	int rc = fd < 0 && failed == EBUSY ? lb_target_say_busy(t->node, why) : 0;

	if (rc == 0 && fd < 0)
		rc = lb_target_say_failed(t->node, lb_err_from_errno(failed), why);
	if (rc < 0 || (rc = look_at_disk(t, flags, why)) < 0)
		return rc;
	if (lb_block_lock(fd) < 0)
		return lb_target_say_busy(t->node, why);
	rc = lb_target_disk_take(&t->disk, &t->block, t->node, &fd);
	if (rc < 0)
		return lb_target_say_failed(t->node, rc, why);
	rc = flags & LB_TARGET_UNGUARDED ? 0 : check_names(t, t->disk.size_bytes, why);
	if (rc < 0)
		return rc;
	*out = lb_target_block_plat(&t->block);
	return 0;
}

static int open_file(struct lb_target *t, struct plat_target *out, unsigned flags,
		     char why[LB_SENTENCE_MAX])
{
	const int create = flags & LB_TARGET_CREATE ? O_CREAT : 0;
	CLEANUP(lb_fd_closep)
	int fd = open(t->node, O_RDWR | O_CLOEXEC | O_NONBLOCK | create, 0644);
	int rc = fd < 0 ? lb_err_from_errno(errno) : lb_block_lock(fd);

	t->kind = LB_TARGET_FILE;
	if (rc == LB_E(BUSY))
		return lb_target_say_busy(t->node, why);
	if (rc == 0)
		rc = lb_target_disk_take(&t->disk, &t->block, t->node, &fd);
	if (rc < 0)
		return lb_target_say_failed(t->node, rc, why);
	*out = lb_target_block_plat(&t->block);
	out->begin = lb_target_file_begin;
	return 0;
}

static int open_flash(struct lb_target *t, struct plat_target *out, bool in_place,
		      char why[LB_SENTENCE_MAX])
{
	int rc = lb_target_flash_open(&t->flash, out, t->node, in_place, why);

	t->kind = t->flash.is_ubi ? LB_TARGET_UBI : LB_TARGET_MTD;
	return rc < 0 ? rc : check_names(t, out->size_bytes, why);
}

/* Block devices that stand for flash know nothing of bad blocks. */
static bool is_flash(const char *node)
{
	const char *slash = strrchr(node, '/');
	const char *name = slash ? slash + 1 : node;

	return strncmp(name, "mtdblock", 8) == 0 || strncmp(name, "ubiblock", 8) == 0;
}

static int open_node(struct lb_target *t, struct plat_target *out, unsigned flags,
		     char why[LB_SENTENCE_MAX])
{
	struct stat st;

	if (stat(t->node, &st) < 0) {
		if (errno == ENOENT && (flags & LB_TARGET_CREATE) &&
		    strncmp(t->node, "/dev/", 5) != 0)
			return open_file(t, out, flags, why);
		return lb_target_refuse(why, lb_err_from_errno(errno), "%s %s", t->node,
					lb_strerror(lb_err_from_errno(errno)));
	}
	if (S_ISBLK(st.st_mode) && is_flash(t->node))
		return lb_target_refuse(
			why, LB_E(UNSUP),
			"%s is flash, which is written to as what it is: give MTD=name or "
			"UBI=name",
			t->node);
	if (S_ISBLK(st.st_mode))
		return open_device(t, out, flags, why);
	if (S_ISREG(st.st_mode))
		return open_file(t, out, flags, why);
	if (!lb_target_is_flash(t->node))
		return lb_target_refuse(why, LB_E(UNSUP),
					"%s is neither a disk, nor flash, nor a regular file",
					t->node);
	return open_flash(t, out, !(flags & LB_TARGET_EXCHANGE), why);
}

void lb_target_none(struct lb_target *t)
{
	t->kind = LB_TARGET_NONE;
	t->disk = (struct lb_target_disk)LB_TARGET_DISK_CLOSED;
	t->flash = (struct lb_target_flash)LB_TARGET_FLASH_CLOSED;
}

int lb_target_open(struct lb_target *t, struct plat_target *out, const char *spec, unsigned flags,
		   char why[LB_SENTENCE_MAX])
{
	struct plat_target opened;
	int rc;

	lb_target_none(t);
	rc = lb_blockdev_find_raw(spec, t->node, &lb_blockdev_roots);
	if (rc == LB_E(NOENT))
		return lb_target_refuse(why, rc, "there is no %s", spec);
	if (rc < 0)
		return lb_target_refuse(
			why, rc,
			"%s is no place: give PARTLABEL=name, PARTUUID=uuid, a device or a file "
			"with its whole path",
			spec);
	rc = open_node(t, &opened, flags, why);
	if (rc < 0)
		lb_target_closep(t);
	else
		*out = opened;
	return rc;
}

static bool is_on_disk(const struct lb_target *t, dev_t device)
{
	char link[64], at[512];
	const char *slash;
	struct lb_disk disk;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(device), minor(device));
	n = readlink(link, at, sizeof(at) - 1);
	if (n < 0)
		return false;
	at[n] = '\0';
	slash = strrchr(at, '/');
	return slash && lb_disk_of(slash + 1, &disk, &lb_blockdev_roots) == 0 &&
	       lb_disk_is_same(disk.node, t->node);
}

bool lb_target_holds(const struct lb_target *t, int image_fd)
{
	struct stat target, image;

	if (t->disk.plain_fd < 0 || fstat(t->disk.plain_fd, &target) < 0 ||
	    fstat(image_fd, &image) < 0)
		return false;
	if (S_ISREG(target.st_mode))
		return image.st_dev == target.st_dev && image.st_ino == target.st_ino;
	return image.st_dev == target.st_rdev || image.st_rdev == target.st_rdev ||
	       is_on_disk(t, S_ISBLK(image.st_mode) ? image.st_rdev : image.st_dev);
}

void lb_target_closep(struct lb_target *t)
{
	lb_target_disk_closep(&t->disk);
	lb_target_flash_closep(&t->flash);
	t->kind = LB_TARGET_NONE;
}
