#include "plat/linux/storage/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/storage/overlayfs.h"
#include "tables/limits.h"

#define PIECE_BYTES 65536
#define UNNAMED	    LB_SAFE_FILE ".new"
#define SPARE_BYTES 65536

static bool overlay_at(struct lb_mount *m)
{
	return lb_mount_at(m, lb_overlayfs_internal()) == 0 && strcmp(m->fs, "tmpfs") != 0;
}

static int copy(int from, int to)
{
	static char piece[PIECE_BYTES];
	ssize_t n;

	while ((n = read(from, piece, sizeof(piece))) > 0) {
		const ssize_t done = write(to, piece, (size_t)n);

		if (done != n)
			return lb_err_from_errno(done < 0 ? errno : ENOSPC);
	}
	return n < 0 || fsync(to) < 0 ? lb_err_from_errno(errno) : 0;
}

/* What is done with the overlay afterwards takes some blocks. Asked before an older copy goes. */
static int check_room(int overlay)
{
	struct statvfs v;

	if (fstatvfs(overlay, &v) < 0)
		return lb_err_from_errno(errno);
	return (uint64_t)v.f_bavail * v.f_frsize < SPARE_BYTES ? LB_E(NOSPC) : 0;
}

static int put(int overlay, const char *archive)
{
	CLEANUP(lb_fd_closep) int from = open(archive, O_RDONLY | O_CLOEXEC);
	CLEANUP(lb_fd_closep) int to = -1;
	int rc;

	if (from < 0 || (mkdirat(overlay, LB_SAFE_DIR, 0700) < 0 && errno != EEXIST))
		return lb_err_from_errno(errno);
	/* JFFS2 renames in two steps: after a cut both names may be the same file. */
	if (unlinkat(overlay, UNNAMED, 0) < 0 && errno != ENOENT)
		return lb_err_from_errno(errno);
	to = openat(overlay, UNNAMED, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	rc = to < 0 ? lb_err_from_errno(errno) : copy(from, to);
	if (rc == 0)
		rc = check_room(overlay);
	if (rc == 0 && (renameat(overlay, UNNAMED, overlay, LB_SAFE_FILE) < 0 || syncfs(to) < 0))
		rc = lb_err_from_errno(errno);
	return rc;
}

/* An older copy may be the only one there is. */
static void drop_unnamed(int overlay)
{
	(void)unlinkat(overlay, UNNAMED, 0);
	(void)unlinkat(overlay, LB_SAFE_DIR, AT_REMOVEDIR);
}

/* Who asked for a reset that keeps an archive needs it, whoever put it there. */
static bool reset_is_wanted(const char *dir)
{
	const int state = lb_overlayfs_state_read(dir);

	return state == LB_FS_STATE_RESET || state == LB_FS_STATE_RESET_ALL;
}

/* The owner's own archive is another file. */
static void drop_staged(int overlay)
{
	struct stat safe, staged;

	if (fstatat(overlay, LB_SAFE_FILE, &safe, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(overlay, LB_OVERLAY_ARCHIVE, &staged, AT_SYMLINK_NOFOLLOW) == 0 &&
	    safe.st_dev == staged.st_dev && safe.st_ino == staged.st_ino)
		(void)unlinkat(overlay, LB_OVERLAY_ARCHIVE, 0);
}

static void drop(int overlay)
{
	(void)unlinkat(overlay, UNNAMED, 0);
	(void)unlinkat(overlay, LB_SAFE_FILE, 0);
	(void)unlinkat(overlay, LB_SAFE_DIR, AT_REMOVEDIR);
}

int lb_safe_file_put(const char *archive)
{
	struct lb_mount m;
	int rc;

	if (!overlay_at(&m))
		return 0;
	rc = lb_safe_file_put_in(lb_overlayfs_internal(), archive);
	/* The upgrade asks again there, and can make an overlay anew that is damaged. */
	if (rc != LB_E(NOSPC) && (strcmp(m.fs, "jffs2") == 0 || strcmp(m.fs, "ubifs") == 0))
		return 0;
	return rc;
}

int lb_safe_file_put_in(const char *dir, const char *archive)
{
	CLEANUP(lb_fd_closep) int overlay = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = overlay < 0 ? lb_err_from_errno(errno) : put(overlay, archive);
	if (rc < 0 && overlay >= 0)
		drop_unnamed(overlay);
	return rc;
}

void lb_safe_file_drop(void)
{
	struct lb_mount m;

	if (overlay_at(&m))
		lb_safe_file_drop_in(lb_overlayfs_internal());
}

void lb_safe_file_drop_in(const char *dir)
{
	CLEANUP(lb_fd_closep) int overlay = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (overlay < 0)
		return;
	if (!reset_is_wanted(dir))
		drop_staged(overlay);
	drop(overlay);
}
