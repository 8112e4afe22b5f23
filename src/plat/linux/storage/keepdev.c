#include "plat/linux/storage/keepdev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"
#include "plat/linux/storage/overlayfs.h"
#include "plat/linux/storage/safe_file.h"

static void path_in(const struct lb_keep_dev *k, const char *name, char out[LB_PATH_MAX])
{
	(void)snprintf(out, LB_PATH_MAX, "%s/%s", k->dir, name);
}

/* Of a mount that failed. LB_E(FORMAT): what lies on the flash is no whole file system. */
static int blame(int sys_errno)
{
	switch (sys_errno) {
	case ENODEV:
		return LB_E(UNSUP); /* the kernel does not know this file system */
	case ENOMEM:
	case EBUSY:
	case EPERM:
	case EACCES:
		return lb_err_from_errno(sys_errno);
	default:
		return LB_E(FORMAT);
	}
}

static int mount_it(struct lb_keep_dev *k, unsigned long flags)
{
	char fs[32];
	int rc = k->mounted ? 0 : lb_overlay_dev_type(&k->dev, fs, sizeof(fs));

	if (rc == 0 && !k->mounted && mount(k->dev.source, k->dir, fs, MS_NOATIME | flags, "") < 0)
		rc = blame(errno);
	/* "There is none" is said of the archive only. */
	if (rc < 0)
		return rc == LB_E(NOENT) ? LB_E(FORMAT) : rc;
	k->mounted = true;
	return 0;
}

int lb_keep_dev_unmount(struct lb_keep_dev *k)
{
	if (k->mounted && umount2(k->dir, 0) < 0)
		return lb_err_from_errno(errno);
	k->mounted = false;
	return 0;
}

static int look_at(const struct lb_keep_dev *k, const char *name)
{
	char path[LB_PATH_MAX];

	path_in(k, name, path);
	CLEANUP(lb_fd_closep) int there = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const int failed = errno;
	CLEANUP(lb_fd_closep) int here = open(k->archive, O_RDONLY | O_CLOEXEC);

	if (there < 0)
		return lb_err_from_errno(failed);
	return here < 0 ? LB_E(IO) : lb_fd_compare(there, here);
}

static int do_find(void *ctx)
{
	struct lb_keep_dev *k = ctx;
	int rc = mount_it(k, 0);

	if (rc < 0)
		return rc;
	return look_at(k, LB_SAFE_FILE) == 0 || look_at(k, LB_OVERLAY_ARCHIVE) == 0 ? 0
										    : LB_E(NOENT);
}

static int do_put(void *ctx)
{
	struct lb_keep_dev *k = ctx;
	int rc = mount_it(k, 0);

	return rc < 0 ? rc : lb_safe_file_put_in(k->dir, k->archive);
}

static int do_make(void *ctx)
{
	struct lb_keep_dev *k = ctx;
	int rc = lb_keep_dev_unmount(k);

	return rc < 0 ? rc : k->make(k->ctx);
}

static int do_note(void *ctx)
{
	const struct lb_keep_dev *k = ctx;

	return k->note(k->ctx);
}

static int sync_dir(const struct lb_keep_dev *k)
{
	CLEANUP(lb_fd_closep) int fd = open(k->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? lb_err_from_errno(errno) : 0;
}

static int do_name(void *ctx)
{
	struct lb_keep_dev *k = ctx;
	char from[LB_PATH_MAX], to[LB_PATH_MAX];
	int rc = mount_it(k, 0);

	if (rc < 0 || look_at(k, LB_SAFE_FILE) < 0)
		return rc < 0 ? rc : look_at(k, LB_OVERLAY_ARCHIVE);
	path_in(k, LB_SAFE_FILE, from);
	path_in(k, LB_OVERLAY_ARCHIVE, to);
	if ((unlink(to) < 0 && errno != ENOENT) || link(from, to) < 0)
		return lb_err_from_errno(errno);
	return sync_dir(k);
}

static int do_state(void *ctx, enum lb_fs_state state)
{
	struct lb_keep_dev *k = ctx;
	int rc = mount_it(k, 0);

	return rc < 0 ? rc : lb_overlayfs_state_write(k->dir, state);
}

static int do_remove(void *ctx)
{
	struct lb_keep_dev *k = ctx;
	uint64_t entries;
	int rc = mount_it(k, 0);

	return rc < 0 ? rc : lb_overlayfs_remove(k->dir, true, &entries);
}

static int do_compare(void *ctx)
{
	struct lb_keep_dev *k = ctx;
	int rc = lb_keep_dev_unmount(k), last;

	if (rc == 0)
		rc = mount_it(k, MS_RDONLY);
	if (rc < 0)
		return rc;
	rc = look_at(k, LB_OVERLAY_ARCHIVE);
	last = lb_keep_dev_unmount(k);
	return rc < 0 ? rc : last;
}

void lb_keep_dev_plat(struct lb_keep_dev *k, struct plat_safe_keep *out)
{
	*out = (struct plat_safe_keep){.ctx = k,
				       .find = do_find,
				       .put = do_put,
				       .make = do_make,
				       .note = do_note,
				       .name = do_name,
				       .state = do_state,
				       .remove = do_remove,
				       .compare = do_compare};
}
