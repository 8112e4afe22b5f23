#include "plat/linux/storage/resetdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "image/rootfs.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/disk/guard.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/storage/overlaydev.h"
#include "plat/linux/storage/overlayfs.h"
#include "plat/linux/storage/volume.h"

#define SECTOR_BYTES   4096  /* the largest logical sector that O_DIRECT may ask for */
#define LOOK_BYTES     65536 /* both file systems have their first superblock well before this */
#define BOOT_BYTES     1024
#define FREEZE_WAIT_MS 5000

static const uint8_t marker[] = {0xDE, 0xAD, 0xC0, 0xDE};

static bool is_on_flash(const struct lb_resetdev *r)
{
	return lb_volume_is_flash(r->kind);
}

/* The read-only root: "/" before mount_root, "/rom" after it. */
static int find_disk(struct lb_resetdev *r)
{
	static const char *const places[] = {"/rom", "/"};
	struct lb_mount m;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (lb_mount_at(&m, places[i]) == 0 && lb_rootfs_is_readonly(m.fs))
			return lb_disk_by_number(m.major, m.minor, r->disk);
	return LB_E(UNSUP);
}

/* What holds the device, and where on it the overlay begins. */
static int look_below(struct lb_resetdev *r, const struct lb_overlay_dev *dev)
{
	struct lb_disk disk;
	int rc;

	(void)strcpy(r->below, dev->disk);
	r->off_bytes = dev->off_bytes;
	r->size_bytes = dev->size_bytes;
	if (dev->kind != LB_VOLUME_PARTITION)
		return 0;
	rc = lb_disk_of(dev->disk, &disk, &lb_blockdev_roots);
	if (rc < 0)
		return rc;
	(void)strcpy(r->below, disk.node);
	r->off_bytes = disk.start_bytes;
	return 0;
}

/* Marked or overwritten below a mount that is not the overlay's, its file system would be destroyed
 * under whoever works there. */
static int refuse_if_elsewhere(struct lb_resetdev *r)
{
	struct stat st;

	if (stat(r->device, &st) < 0)
		return lb_err_from_errno(errno);
	if (!S_ISBLK(st.st_mode))
		return 0; /* UBI itself refuses while it is mounted */
	if (lb_mount_of(major(st.st_rdev), minor(st.st_rdev), r->elsewhere) < 0)
		return 0;
	/* mount_root gives way to a reset: the caller waits for it. */
	return r->on_ram && strcmp(r->elsewhere, LB_OVERLAY_ASIDE) == 0 ? 0 : LB_E(BUSY);
}

static int open_writable(struct lb_resetdev *r)
{
	int protected = 0;

	if (is_on_flash(r))
		return 0;
	r->fd = open(r->device, O_RDWR | O_CLOEXEC);
	if (r->fd >= 0 && ioctl(r->fd, BLKROGET, &protected) == 0 && protected)
		return LB_E(AUTH); /* some kernels let it be opened, and refuse each write */
	/* Kernels without CONFIG_BLK_DEV_WRITE_MOUNTED: the overlay's state has to do. */
	if (r->fd < 0 && r->mounted && (errno == EPERM || errno == EBUSY))
		return 0;
	return r->fd < 0 ? lb_err_from_errno(errno) : 0;
}

/* A mounted file system is written through its own device: a second loop device over one area has a
 * second cache. And nothing is marked that merely stands where the overlay should be. */
static int check_mounted(const struct lb_resetdev *r, const struct lb_mount *m)
{
	char device[LB_PATH_MAX];
	int rc = lb_disk_by_number(m->major, m->minor, device);

	return rc == 0 && strcmp(device, r->device) != 0 ? LB_E(STATE) : rc;
}

static void dev_closep(struct lb_overlay_dev *dev)
{
	lb_fd_closep(&dev->fd);
}

/* After "umount /overlay" the root still stands on it: UBI lets nobody else in, and what is erased
 * on a NOR chip the file system would write to again. Mounted once more it is the same file system,
 * and is reset like any that is mounted. */
static bool mount_again(const struct lb_overlay_dev *dev, const char *dir)
{
	const char *fs = dev->kind == LB_VOLUME_UBI ? lb_overlay_fs_name(LB_FS_UBIFS)
						    : lb_overlay_fs_name(LB_FS_JFFS2);
	struct lb_mount root;

	return lb_volume_is_flash(dev->kind) && lb_mount_at(&root, "/") == 0 &&
	       strcmp(root.fs, "overlay") == 0 &&
	       (mount(dev->source, dir, fs, MS_NOATIME, "") == 0 ||
		mount(dev->source, dir, fs, MS_NOATIME | MS_RDONLY, "") == 0);
}

int lb_resetdev_open(struct lb_resetdev *r)
{
	CLEANUP(dev_closep) struct lb_overlay_dev dev = {.fd = -1};
	struct lb_mount m;
	int rc = find_disk(r);

	if (rc < 0)
		return rc;
	rc = lb_volume_open(&dev, r->disk, false);
	r->refused = lb_volume_refusal(rc);
	if (rc < 0)
		return rc;
	r->dir = lb_overlayfs_internal();
	r->kind = dev.kind;
	r->flash = dev.flash;
	(void)strcpy(r->disk, dev.disk);
	(void)strcpy(r->device, dev.source);
	rc = look_below(r, &dev);
	if (rc < 0)
		return rc;
	rc = lb_mount_at(&m, r->dir);
	if (rc < 0 && mount_again(&dev, r->dir))
		rc = lb_mount_at(&m, r->dir);
	r->on_ram = rc == 0 && strcmp(m.fs, "tmpfs") == 0;
	if (rc < 0 || r->on_ram) {
		rc = refuse_if_elsewhere(r);
		return rc < 0 ? rc : open_writable(r);
	}
	r->mounted = true;
	r->writable = !m.readonly;
	(void)snprintf(r->fs, sizeof(r->fs), "%s", m.fs);
	rc = is_on_flash(r) ? 0 : check_mounted(r, &m);
	return rc < 0 ? rc : open_writable(r);
}

void lb_resetdev_closep(struct lb_resetdev *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = -1;
}

/* Read from the disk itself, past every cache that a write may have got stuck in. */
static int read_back(const struct lb_resetdev *r, void *out, size_t n)
{
	CLEANUP(lb_fd_closep) int fd = open(r->below, O_RDONLY | O_DIRECT | O_CLOEXEC);
	CLEANUP(lb_freep) void *aligned = aligned_alloc(SECTOR_BYTES, n);
	int rc;

	if (fd < 0 || !aligned)
		return lb_err_from_errno(errno);
	rc = lb_fd_pread(fd, aligned, n, (off_t)r->off_bytes);
	if (rc == 0)
		memcpy(out, aligned, n);
	return rc;
}

/* The last question before bytes are overwritten, about the place where they are. */
static int ask_guard(const struct lb_resetdev *r)
{
	int rc = lb_guard_check(r->below, r->off_bytes, r->size_bytes, &lb_blockdev_roots);

	if (rc < 0)
		log_err("%s is not touched: it %s", r->disk, lb_strerror(rc));
	return rc;
}

/* Nothing may be asked for that cannot be done later either. */
static int check_writable(const char *node)
{
	CLEANUP(lb_fd_closep) int fd = open(node, O_RDWR | O_CLOEXEC);
	int why = errno;

	if (fd >= 0)
		return 0;
	log_warn("%s cannot be written to: %s", node, strerror(why));
	return lb_err_from_errno(why);
}

/* Where no block is free, the mark takes the place of one that JFFS2 uses: cut in between, the
 * record still knows that all of it is to go. UBI keeps such a note itself. */
static int mark_flash(struct lb_resetdev *r)
{
	int recorded = LB_E(NOENT), rc;

	if (r->mounted)
		return LB_E(UNSUP);
	rc = check_writable(r->flash.node);
	if (rc < 0)
		return rc;
	if (r->kind == LB_VOLUME_MTD)
		recorded = r->record_request(r->record_ctx, false);
	rc = lb_flash_mark(&r->flash);
	if (rc < 0)
		log_warn("the marker does not read back from %s: it %s", r->disk, lb_strerror(rc));
	return recorded == 0 ? 0 : rc;
}

/* Neither ext4 nor f2fs uses the first KiB. The zeroes behind the marker end OpenWrt's search, and
 * ours, for an archive there: a reset is to leave none. */
static int do_mark(void *ctx)
{
	struct lb_resetdev *r = ctx;
	uint8_t boot[BOOT_BYTES] = {0}, head[SECTOR_BYTES];
	int rc;

	if (is_on_flash(r))
		return mark_flash(r);
	rc = ask_guard(r);
	if (rc < 0)
		return rc;
	if (r->fd < 0)
		return LB_E(UNSUP);
	memcpy(boot, marker, sizeof(marker));
	if (pwrite(r->fd, boot, sizeof(boot), 0) != (ssize_t)sizeof(boot) || fsync(r->fd) < 0) {
		log_warn("the marker cannot be written to %s: %s", r->device, strerror(errno));
		return lb_err_from_errno(errno);
	}
	rc = read_back(r, head, sizeof(head));
	if (rc == 0 && memcmp(head, boot, sizeof(boot)) != 0)
		rc = LB_E(IO);
	if (rc < 0)
		log_warn("the marker does not read back from %s", r->disk);
	return rc;
}

static int do_request(void *ctx, bool keep)
{
	struct lb_resetdev *r = ctx;
	int recorded = r->record_request(r->record_ctx, keep);
	int stated;

	/* The record asks for a formatting, which is more than a state can ask for. */
	if (recorded == 0 && !keep)
		return 0;
	stated = lb_overlayfs_state_write(r->dir, keep ? LB_FS_STATE_RESET : LB_FS_STATE_RESET_ALL);
	return recorded == 0 || stated == 0 ? 0 : recorded;
}

static int do_remove(void *ctx, bool keep, uint64_t *entries)
{
	const struct lb_resetdev *r = ctx;
	int rc = lb_overlayfs_remove(r->dir, keep, entries);

	if (rc < 0)
		log_warn("something below %s cannot be deleted now: it %s", r->dir,
			 lb_strerror(rc));
	return rc;
}

/* The kernel calls it read-only before ext4 has written its superblock for the last time, but keeps
 * it locked until then; a sync waits for that lock. */
static int wait_for_last_write(const char *dir)
{
	CLEANUP(lb_fd_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? lb_err_from_errno(errno) : 0;
}

/* The root stands on the overlay and is busy: the kernel's emergency remount asks nobody. */
static int do_freeze(void *ctx)
{
	const struct lb_resetdev *r = ctx;
	const struct timespec pause = {.tv_nsec = 50 * 1000000l};
	struct lb_mount m;

	sync();
	if (mount(NULL, r->dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0)
		return 0;
	if (lb_file_poke("/proc/sysrq-trigger", "u") < 0)
		return LB_E(UNSUP);
	for (int waited_ms = 0; waited_ms < FREEZE_WAIT_MS; waited_ms += 50) {
		if (lb_mount_at(&m, r->dir) == 0 && m.readonly)
			return wait_for_last_write(r->dir);
		(void)nanosleep(&pause, NULL);
	}
	return LB_E(TIMEOUT);
}

/* The marker stays at the very start until the next boot formats: wherever a cut hits, the reset
 * happens. Written to the disk itself, because the kernel refuses to overwrite below a file system
 * that still holds pages of its own device. */
static int erase_blocks(struct lb_resetdev *r)
{
	const uint64_t end = (r->off_bytes + r->size_bytes) & ~(uint64_t)(SECTOR_BYTES - 1);
	uint64_t range[2] = {r->off_bytes + SECTOR_BYTES, end - r->off_bytes - SECTOR_BYTES};
	static uint8_t head[LOOK_BYTES], found[LOOK_BYTES];
	CLEANUP(lb_fd_closep) int disk = open(r->below, O_RDWR | O_CLOEXEC);
	int rc;

	memset(head, 0, sizeof(head));
	memcpy(head, marker, sizeof(marker));
	if (disk < 0 || fsync(r->fd) < 0)
		return lb_err_from_errno(errno);
	/* Discard gives the cells back where the device can; zeroes are what counts and what is
	 * read back. */
	if (ioctl(disk, BLKDISCARD, range) < 0)
		log_debug("%s does not discard: %s", r->disk, strerror(errno));
	if (ioctl(disk, BLKZEROOUT, range) < 0 ||
	    pwrite(disk, head, SECTOR_BYTES, (off_t)r->off_bytes) != SECTOR_BYTES ||
	    fsync(disk) < 0) {
		log_warn("the overlay on %s cannot be overwritten: %s", r->disk, strerror(errno));
		return lb_err_from_errno(errno);
	}
	rc = read_back(r, found, sizeof(found));
	return rc == 0 && memcmp(found, head, sizeof(head)) != 0 ? LB_E(IO) : rc;
}

static int do_erase(void *ctx)
{
	struct lb_resetdev *r = ctx;
	int rc;

	if (is_on_flash(r))
		return lb_flash_erase(&r->flash);
	rc = ask_guard(r);
	return rc < 0 ? rc : erase_blocks(r);
}

struct plat_reset lb_resetdev_plat(struct lb_resetdev *r)
{
	return (struct plat_reset){
		.ctx = r,
		.mark = do_mark,
		.request = do_request,
		.remove = do_remove,
		.freeze = do_freeze,
		.erase = do_erase,
	};
}
