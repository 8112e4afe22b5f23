#include "plat/linux/storage/overlayfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/files/tree.h"
#include "plat/linux/machine/proc.h"

#define NEW_ROOT "/mnt"
#define OLD_ROOT "/rom"

/* After mkfs: neither ext4 nor f2fs uses the first KiB, so a marker there would outlive them and
 * ask for the next formatting at every boot. */
static int clear_marker(const char *device)
{
	CLEANUP(lb_fd_closep) int fd = open(device, O_RDWR | O_CLOEXEC);
	static const uint8_t zero[512];

	if (fd < 0 || pwrite(fd, zero, sizeof(zero), 0) != (ssize_t)sizeof(zero) || fsync(fd) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

static bool is_on_flash(const struct lb_overlayfs *o)
{
	return lb_volume_is_flash(o->dev->kind);
}

static int do_format(void *ctx, enum lb_overlay_fs fs)
{
	struct lb_overlayfs *o = ctx;
	const char *const ext4[] = {"mkfs.ext4",   "-q",	   "-F", "-L",
				    "rootfs_data", o->dev->source, NULL};
	const char *const f2fs[] = {"mkfs.f2fs",   "-q",	   "-f", "-l",
				    "rootfs_data", o->dev->source, NULL};
	int rc;

	rc = lb_overlay_dev_guard(o->dev);
	if (rc < 0) {
		log_err("%s is not formatted: it %s", o->dev->disk, lb_strerror(rc));
		return rc;
	}
	log_info("the overlay on %s is being formatted as %s", o->dev->disk,
		 lb_overlay_fs_name(fs));
	if (is_on_flash(o)) {
		rc = lb_flash_erase(&o->dev->flash);
		if (rc < 0)
			log_err("%s cannot be erased: it %s", o->dev->disk, lb_strerror(rc));
		return rc; /* the kernel makes the file system when it is mounted */
	}
	rc = lb_program_run(fs == LB_FS_F2FS ? f2fs : ext4, true);
	if (rc != 0) {
		log_err("mkfs.%s %s", lb_overlay_fs_name(fs), rc < 0 ? lb_strerror(rc) : "failed");
		return rc < 0 ? rc : LB_E(CHILD);
	}
	return clear_marker(o->dev->source);
}

/* Of a switch from RAM to flash that was cut: its source has gone with the power. */
static void remove_half_copy(void)
{
	static const char half[] = LB_OVERLAY_DIR "/" LB_OVERLAY_STAGING;
	struct lb_tree_count count;
	int rc = lb_tree_delete(half, NULL, &count);

	if (rc == LB_E(NOENT))
		return;
	if (rc == 0 && rmdir(half) < 0)
		rc = lb_err_from_errno(errno);
	log_info("half a copy of earlier settings %s", rc == 0 ? "was deleted" : lb_strerror(rc));
}

static int do_mount(void *ctx, enum lb_overlay_fs fs)
{
	struct lb_overlayfs *o = ctx;

	if (mount(o->dev->source, LB_OVERLAY_DIR, lb_overlay_fs_name(fs), MS_NOATIME, "") == 0) {
		remove_half_copy();
		return 0;
	}
	int why = errno;
	log_warn("the overlay (%s on %s) cannot be mounted: %s", lb_overlay_fs_name(fs),
		 o->dev->disk, strerror(why));
	return lb_err_from_errno(why);
}

static int do_check(void *ctx, enum lb_overlay_fs fs)
{
	struct lb_overlayfs *o = ctx;
	/* -y, not -p: preen gives up on the very damage that makes a mount fail, and nobody is
	 * there to ask. */
	const char *const ext4[] = {"e2fsck", "-f", "-y", o->dev->source, NULL};
	const char *const f2fs[] = {"fsck.f2fs", "-f", "-y", o->dev->source, NULL};
	int rc;

	if (is_on_flash(o))
		return LB_E(UNSUP); /* both mend themselves when they are mounted */
	rc = lb_program_run(fs == LB_FS_F2FS ? f2fs : ext4, true);
	/* e2fsck(8): 0 clean, 1 repaired, 2 repaired and a reboot is due, 4 and more not repaired.
	 */
	log_info("the overlay was checked: %s", rc < 0	  ? lb_strerror(rc)
						: rc <= 2 ? "it can be used"
							  : "not repaired");
	return rc;
}

static int do_tmpfs(void *ctx)
{
	if (umount2(LB_OVERLAY_DIR, MNT_DETACH) < 0 && errno != EINVAL)
		log_debug("%s was not unmounted: %s", LB_OVERLAY_DIR, strerror(errno));
	return mount("tmpfs", LB_OVERLAY_DIR, "tmpfs", MS_NOATIME, "mode=0755") < 0
		       ? lb_err_from_errno(errno)
		       : 0;
}

static int make_dir(const char *path)
{
	return mkdir(path, 0755) < 0 && errno != EEXIST ? lb_err_from_errno(errno) : 0;
}

/* overlayfs clears its work directory, for which a full f2fs has no room. The owner's files over
 * the root, only to be read, are better than a RAM overlay without them. */
static int mount_over_root(void)
{
	int why;

	if (mount("overlayfs:" LB_OVERLAY_DIR, NEW_ROOT, "overlay", MS_NOATIME,
		  "lowerdir=/,upperdir=" LB_OVERLAY_DIR "/upper,workdir=" LB_OVERLAY_DIR
		  "/work") == 0)
		return 0;
	why = errno;
	log_warn("the overlay cannot be put over the root: %s", strerror(why));
	if (why == ENOSPC &&
	    mount("overlayfs:" LB_OVERLAY_DIR, NEW_ROOT, "overlay", MS_NOATIME | MS_RDONLY,
		  "lowerdir=" LB_OVERLAY_DIR "/upper:/") == 0)
		return 0;
	return lb_err_from_errno(why);
}

static int do_switch(void *ctx)
{
	const struct lb_overlayfs *o = ctx;
	int rc;

	if (o->new_root)
		return lb_pivot_root(o->new_root, OLD_ROOT);
	rc = make_dir(LB_OVERLAY_DIR "/upper");
	if (rc == 0)
		rc = make_dir(LB_OVERLAY_DIR "/work");
	if (rc < 0)
		return rc;
	rc = mount_over_root();
	if (rc < 0)
		return rc;
	rc = lb_pivot_root(NEW_ROOT, OLD_ROOT);
	if (rc < 0)
		(void)umount2(
			NEW_ROOT,
			MNT_DETACH); /* back to where we were: the caller takes the next way */
	return rc;
}

static int do_attach(void *ctx)
{
	struct lb_overlayfs *o = ctx;

	return o->attach ? o->attach(o->extroot_ctx) : LB_ATTACHED_NOTHING;
}

static int do_detach(void *ctx)
{
	struct lb_overlayfs *o = ctx;

	o->new_root = NULL;
	return o->detach ? o->detach(o->extroot_ctx) : 0;
}

const char *lb_overlayfs_internal(void)
{
	struct lb_mount internal, front;

	return lb_mount_at(&internal, LB_OVERLAY_INTERNAL_DIR) == 0 &&
			       lb_mount_at(&front, LB_OVERLAY_DIR) == 0
		       ? LB_OVERLAY_INTERNAL_DIR
		       : LB_OVERLAY_DIR;
}

const char *lb_overlayfs_lacks(void)
{
	static const char *const needed[] = {LB_OVERLAY_DIR, NEW_ROOT, OLD_ROOT};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		struct stat st;

		if (stat(needed[i], &st) < 0 || !S_ISDIR(st.st_mode))
			return needed[i];
	}
	return NULL;
}

int lb_overlayfs_clear(void)
{
	while (umount2(LB_OVERLAY_DIR, 0) == 0)
		log_info("what an earlier attempt left on %s was unmounted", LB_OVERLAY_DIR);
	return errno == EINVAL || errno == ENOENT ? 0 : lb_err_from_errno(errno);
}

int lb_overlayfs_state_read(const char *overlay_dir)
{
	char path[LB_PATH_MAX], target[8];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/.fs_state", overlay_dir);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return lb_err_from_errno(errno);
	target[n] = '\0';
	return (int)lb_fs_state_parse(target);
}

int lb_overlayfs_state_write(const char *overlay_dir, enum lb_fs_state state)
{
	char path[LB_PATH_MAX], beside[LB_PATH_MAX], target[4];

	(void)snprintf(path, sizeof(path), "%s/.fs_state", overlay_dir);
	(void)snprintf(beside, sizeof(beside), "%s/.fs_state.new", overlay_dir);
	(void)snprintf(target, sizeof(target), "%d", (int)state);
	if (unlink(beside) < 0 && errno != ENOENT)
		return lb_err_from_errno(errno);
	/* Renamed over the old one: a power cut leaves the old state or the new one, never none. */
	if (symlink(target, beside) < 0 || rename(beside, path) < 0)
		return lb_err_from_errno(errno);
	CLEANUP(lb_fd_closep) int fd = open(overlay_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

static bool stays(const char *name, bool keep)
{
	return strcmp(name, ".fs_state") == 0 || strcmp(name, "lost+found") == 0 ||
	       strcmp(name, "upper") == 0 || strcmp(name, "work") == 0 ||
	       (keep && strcmp(name, LB_OVERLAY_ARCHIVE) == 0);
}

/* What somebody put beside upper and work. */
static int remove_strays(const char *overlay_dir, bool keep, uint64_t *entries)
{
	CLEANUP(lb_dir_closep) DIR *d = opendir(overlay_dir);
	struct dirent *e;
	int first = 0;

	if (!d)
		return lb_err_from_errno(errno);
	while ((e = readdir(d))) {
		struct lb_tree_count count = {0};
		char path[LB_PATH_MAX + 256];
		int rc = 0;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    stays(e->d_name, keep))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", overlay_dir, e->d_name);
		if (e->d_type == DT_DIR)
			rc = lb_tree_delete(path, NULL, &count);
		if (rc == 0 &&
		    unlinkat(dirfd(d), e->d_name, e->d_type == DT_DIR ? AT_REMOVEDIR : 0) < 0)
			rc = lb_err_from_errno(errno);
		*entries += count.entries + (rc == 0);
		if (first == 0)
			first = rc;
	}
	return first;
}

int lb_overlayfs_remove(const char *overlay_dir, bool keep, uint64_t *entries)
{
	static const char *const parts[] = {"upper", "work"};
	uint64_t total = 0;
	int first = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct lb_tree_count count = {0};
		char path[LB_PATH_MAX];
		int rc;

		(void)snprintf(path, sizeof(path), "%s/%s", overlay_dir, parts[i]);
		rc = lb_tree_delete(path, keep && i == 0 ? LB_OVERLAY_ARCHIVE : NULL, &count);
		total += count.entries;
		if (first == 0 && rc != LB_E(NOENT))
			first = rc;
	}
	int rc = remove_strays(overlay_dir, keep, &total);
	CLEANUP(lb_fd_closep) int fd = open(overlay_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rc == 0 && (fd < 0 || syncfs(fd) < 0))
		rc = lb_err_from_errno(errno);
	*entries = total;
	return first < 0 ? first : rc;
}

int lb_overlayfs_used_percent(const char *overlay_dir)
{
	struct statvfs v;
	uint64_t used;

	if (statvfs(overlay_dir, &v) < 0)
		return lb_err_from_errno(errno);
	used = v.f_blocks - v.f_bfree;
	if (used + v.f_bavail == 0)
		return LB_E(UNSUP);
	/* As df(1): of what is used and may still be used, rounded up, so that 100 means that
	 * nothing goes any more. */
	return (int)((used * 100 + used + v.f_bavail - 1) / (used + v.f_bavail));
}

static int do_state_read(void *ctx)
{
	const struct lb_overlayfs *o = ctx;

	if (o->reset_pending)
		return LB_FS_STATE_RESET;
	return lb_overlayfs_state_read(LB_OVERLAY_DIR);
}

static int do_state_write(void *ctx, enum lb_fs_state state)
{
	return lb_overlayfs_state_write(LB_OVERLAY_DIR, state);
}

static int do_finish_reset(void *ctx, bool keep)
{
	struct lb_overlayfs *o = ctx;
	uint64_t entries;
	int rc = lb_overlayfs_remove(LB_OVERLAY_DIR, keep, &entries);

	if (rc < 0)
		return rc;
	/* Only now may the record forget: the overlay's own state is written next. */
	rc = o->mark_formatting(o->record_ctx, 0);
	return rc == LB_E(NOENT) ? 0 : rc;
}

static int do_mark_formatting(void *ctx, int begun)
{
	struct lb_overlayfs *o = ctx;

	return o->mark_formatting(o->record_ctx, begun);
}

static int do_used_percent(void *ctx)
{
	const struct lb_overlayfs *o = ctx;

	return lb_overlayfs_used_percent(o->new_root ? o->new_root : LB_OVERLAY_DIR);
}

struct plat_overlay lb_overlayfs_plat(struct lb_overlayfs *o)
{
	return (struct plat_overlay){
		.ctx = o,
		.format = do_format,
		.mount = do_mount,
		.check = do_check,
		.tmpfs = do_tmpfs,
		.switch_root = do_switch,
		.attach = do_attach,
		.detach = do_detach,
		.state_read = do_state_read,
		.state_write = do_state_write,
		.finish_reset = do_finish_reset,
		.mark_formatting = do_mark_formatting,
		.used_percent = do_used_percent,
	};
}
