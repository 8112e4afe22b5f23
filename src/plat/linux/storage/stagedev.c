#include "plat/linux/storage/stagedev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/storage/overlayfs.h"

#define SECTOR_BYTES 512
/* Superblocks of ext4 and f2fs, and where OpenWrt looks for an archive behind a marker (OpenWrt's
 * fstools, block_volume_format()), all lie before this. */
#define WIPE_BYTES (1024ull * 1024)

#define UNNAMED	   ".sysupgrade.new"

static int write_all(int fd, const void *buf, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t more = write(fd, (const char *)buf + done, n - done);

		if (more <= 0)
			return lb_err_from_errno(more < 0 ? errno : EIO);
		done += (size_t)more;
	}
	return 0;
}

/* The marker first, in a sector of its own: from then on the rest does not count. */
static int wipe(int fd, uint64_t size_bytes)
{
	static uint8_t zero[65536]; /* not const: that takes room in the file */
	static const uint8_t marker[SECTOR_BYTES] = {0xDE, 0xAD, 0xC0, 0xDE};
	uint64_t left = (size_bytes < WIPE_BYTES ? size_bytes : WIPE_BYTES) - SECTOR_BYTES;
	int rc = write_all(fd, marker, sizeof(marker));

	if (rc == 0 && fsync(fd) < 0)
		rc = lb_err_from_errno(errno);
	while (rc == 0 && left > 0) {
		const size_t n = left < sizeof(zero) ? (size_t)left : sizeof(zero);

		rc = write_all(fd, zero, n);
		left -= n;
	}
	if (rc == 0 && fsync(fd) < 0)
		rc = lb_err_from_errno(errno);
	return rc;
}

/* What is read next comes from the medium. */
static int drop_cache(const char *node)
{
	CLEANUP(lb_fd_closep) int fd = open(node, O_RDONLY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 || ioctl(fd, BLKFLSBUF, 0) < 0 ? lb_err_from_errno(errno)
								      : 0;
}

static int drop_caches(const struct lb_overlay_dev *dev)
{
	int rc = lb_volume_is_flash(dev->kind) ? 0 : drop_cache(dev->source);

	return rc < 0 || lb_volume_is_flash(dev->kind) ? rc : drop_cache(dev->disk);
}

static int clear_block(struct lb_stage_dev *s)
{
	/* Exclusive: not while anybody has it mounted, in whatever mount namespace. */
	CLEANUP(lb_fd_closep) int fd = open(s->dev.source, O_RDWR | O_EXCL | O_CLOEXEC);
	enum lb_overlay_content content;
	int rc = fd < 0 ? lb_err_from_errno(errno) : wipe(fd, s->dev.size_bytes);

	if (rc == 0)
		rc = drop_caches(&s->dev);
	if (rc == 0)
		rc = lb_overlay_dev_content(&s->dev, &content);
	return rc == 0 && content != LB_CONTENT_DEADCODE ? LB_E(IO) : rc;
}

static int clear_flash(struct lb_stage_dev *s)
{
	char where[LB_PATH_MAX];
	struct stat st;

	if (stat(s->dev.source, &st) == 0 && S_ISBLK(st.st_mode) &&
	    lb_mount_of(major(st.st_rdev), minor(st.st_rdev), where) == 0)
		return LB_E(BUSY);
	return lb_flash_mark(&s->dev.flash);
}

static int do_clear(void *ctx)
{
	struct lb_stage_dev *s = ctx;
	int rc = lb_overlay_dev_guard(&s->dev);

	if (rc < 0)
		return rc;
	return lb_volume_is_flash(s->dev.kind) ? clear_flash(s) : clear_block(s);
}

static int do_format(void *ctx)
{
	struct lb_stage_dev *s = ctx;
	struct lb_overlayfs o = {.dev = &s->dev};
	struct plat_overlay overlay = lb_overlayfs_plat(&o);

	return overlay.format(overlay.ctx, s->fs);
}

static int mount_at(const struct lb_stage_dev *s, unsigned long flags)
{
	return mount(s->dev.source, s->dir, lb_overlay_fs_name(s->fs), MS_NOATIME | flags, "") < 0
		       ? lb_err_from_errno(errno)
		       : 0;
}

static int do_mount(void *ctx)
{
	return mount_at(ctx, 0);
}

static int copy(int from, int to)
{
	static uint8_t buf[65536];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0) {
		int rc = write_all(to, buf, (size_t)n);

		if (rc < 0)
			return rc;
	}
	return n < 0 || fsync(to) < 0 ? lb_err_from_errno(errno) : 0;
}

static void path_in(const struct lb_stage_dev *s, const char *name, char out[LB_PATH_MAX])
{
	(void)snprintf(out, LB_PATH_MAX, "%s/%s", s->dir, name);
}

static int do_put(void *ctx)
{
	const struct lb_stage_dev *s = ctx;
	char path[LB_PATH_MAX];

	path_in(s, UNNAMED, path);
	CLEANUP(lb_fd_closep) int from = open(s->archive, O_RDONLY | O_CLOEXEC);
	CLEANUP(lb_fd_closep)
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return from < 0 || to < 0 ? lb_err_from_errno(errno) : copy(from, to);
}

static int do_commit(void *ctx)
{
	const struct lb_stage_dev *s = ctx;
	char from[LB_PATH_MAX], to[LB_PATH_MAX];

	path_in(s, UNNAMED, from);
	path_in(s, LB_OVERLAY_ARCHIVE, to);
	if (rename(from, to) < 0)
		return lb_err_from_errno(errno);
	return lb_overlayfs_state_write(s->dir, LB_FS_STATE_PENDING); /* syncs all of it */
}

static int do_unmount(void *ctx)
{
	const struct lb_stage_dev *s = ctx;

	return umount2(s->dir, 0) < 0 && errno != EINVAL ? lb_err_from_errno(errno) : 0;
}

static int compare_files(const struct lb_stage_dev *s)
{
	char path[LB_PATH_MAX];

	path_in(s, LB_OVERLAY_ARCHIVE, path);
	CLEANUP(lb_fd_closep) int there = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(lb_fd_closep) int here = open(s->archive, O_RDONLY | O_CLOEXEC);
	return there < 0 || here < 0 ? lb_err_from_errno(errno) : lb_fd_compare(there, here);
}

static int do_compare(void *ctx)
{
	struct lb_stage_dev *s = ctx;
	int rc = drop_caches(&s->dev), last;

	if (rc == 0)
		rc = mount_at(s, MS_RDONLY);
	if (rc < 0)
		return rc;
	rc = compare_files(s);
	last = do_unmount(s);
	return rc < 0 ? rc : last;
}

int lb_stage_dev_plat(struct lb_stage_dev *s, struct plat_stage *out)
{
	char mkfs[LB_PATH_MAX];
	const struct lb_overlay_sense sense = {
		.has_device = true,
		.kind = s->dev.kind,
		.size_bytes = s->dev.size_bytes,
		.content = LB_CONTENT_BLANK,
		.can_f2fs = lb_program_find("mkfs.f2fs", mkfs, sizeof(mkfs)) == 0};
	struct lb_overlay_plan plan;

	lb_overlay_begin(&plan, &sense);
	if (plan.why == LB_WHY_NO_DEVICE)
		return LB_E(NOSPC);
	s->fs = plan.fs;
	*out = (struct plat_stage){.ctx = s,
				   .clear = do_clear,
				   .format = do_format,
				   .mount = do_mount,
				   .put = do_put,
				   .commit = do_commit,
				   .unmount = do_unmount,
				   .compare = do_compare};
	return 0;
}
