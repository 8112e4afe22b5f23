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

static bool overlay_dir(char out[LB_PATH_MAX])
{
	const char *dir = lb_overlayfs_internal();
	struct lb_mount m;

	if (lb_mount_at(&m, dir) < 0 || strcmp(m.fs, "tmpfs") == 0)
		return false;
	(void)snprintf(out, LB_PATH_MAX, "%s", dir);
	return true;
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

/* What is done with the overlay afterwards takes some blocks. */
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
	to = openat(overlay, UNNAMED, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	rc = to < 0 ? lb_err_from_errno(errno) : copy(from, to);
	if (rc == 0 && (renameat(overlay, UNNAMED, overlay, LB_SAFE_FILE) < 0 || syncfs(to) < 0))
		rc = lb_err_from_errno(errno);
	return rc == 0 ? check_room(overlay) : rc;
}

static void drop(int overlay)
{
	(void)unlinkat(overlay, UNNAMED, 0);
	(void)unlinkat(overlay, LB_SAFE_FILE, 0);
	(void)unlinkat(overlay, LB_SAFE_DIR, AT_REMOVEDIR);
}

int lb_safe_file_put(const char *archive)
{
	char dir[LB_PATH_MAX];

	return overlay_dir(dir) ? lb_safe_file_put_in(dir, archive) : 0;
}

int lb_safe_file_put_in(const char *dir, const char *archive)
{
	CLEANUP(lb_fd_closep) int overlay = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = overlay < 0 ? lb_err_from_errno(errno) : put(overlay, archive);
	if (rc < 0 && overlay >= 0)
		drop(overlay);
	return rc;
}

void lb_safe_file_drop(void)
{
	char dir[LB_PATH_MAX];

	if (!overlay_dir(dir))
		return;
	CLEANUP(lb_fd_closep) int overlay = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (overlay >= 0)
		drop(overlay);
}
