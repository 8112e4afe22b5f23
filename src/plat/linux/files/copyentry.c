#include "plat/linux/files/copyentry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/files/tree.h"

#define CHUNK_BYTES 65536
#define XATTRS_BYTES \
	4096 /* names of one file's attributes: an overlay has a handful of short ones */

#define OVERLAY_MARK "trusted.overlay."

bool lb_copy_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* The calls for extended attributes know no directory descriptors. */
static void by_fd(char path[PATH_MAX], int dir, const char *name)
{
	(void)snprintf(path, PATH_MAX, "/proc/self/fd/%d/%s", dir, name);
}

bool lb_copy_is_opaque(const struct lb_copyentry *e)
{
	char path[PATH_MAX], value;

	by_fd(path, e->from, e->name);
	return lgetxattr(path, OVERLAY_MARK "opaque", &value, 1) == 1 && value == 'y';
}

/* Without these an overlay shows other files than before. The rest of its marks only save time. */
static bool decides_what_is_seen(const char *xattr)
{
	static const char *const marks[] = {OVERLAY_MARK "opaque", OVERLAY_MARK "redirect",
					    OVERLAY_MARK "metacopy", OVERLAY_MARK "whiteout"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strcmp(xattr, marks[i]) == 0)
			return true;
	return false;
}

static int copy_xattr(const char *from, const char *to, const char *xattr)
{
	static char value[CHUNK_BYTES]; /* XATTR_SIZE_MAX */
	ssize_t n = lgetxattr(from, xattr, value, sizeof(value));

	if (n < 0)
		return errno == ENODATA ? 0 : lb_err_from_errno(errno);
	if (lsetxattr(to, xattr, value, (size_t)n, 0) == 0)
		return 0;
	if (errno == ENOSPC || errno == EDQUOT)
		return LB_E(NOSPC);
	if (decides_what_is_seen(xattr))
		return lb_err_from_errno(errno);
	log_debug("%s: %s is not copied: %s", to, xattr, strerror(errno));
	return 0;
}

static bool is_listed(const char *list, ssize_t n, const char *xattr)
{
	for (const char *x = list; x < list + n; x += strlen(x) + 1)
		if (strcmp(x, xattr) == 0)
			return true;
	return false;
}

/* A directory may have lost some since it was copied first. */
static void remove_others(const char *to, const char *wanted, ssize_t n)
{
	static char have[XATTRS_BYTES];
	ssize_t m = llistxattr(to, have, sizeof(have));

	for (const char *x = have; m > 0 && x < have + m; x += strlen(x) + 1)
		if (!is_listed(wanted, n, x) && lremovexattr(to, x) < 0)
			log_debug("%s: %s stays: %s", to, x, strerror(errno));
}

static int copy_xattrs(const struct lb_copyentry *e, const char *to_name)
{
	static char list[XATTRS_BYTES];
	char from[PATH_MAX], to[PATH_MAX];
	ssize_t n;
	int rc = 0;

	by_fd(from, e->from, e->name);
	by_fd(to, e->to, to_name);
	n = llistxattr(from, list, sizeof(list));
	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : lb_err_from_errno(errno);
	for (const char *x = list; rc == 0 && x < list + n; x += strlen(x) + 1)
		if (!e->merged || strncmp(x, OVERLAY_MARK, strlen(OVERLAY_MARK)) != 0)
			rc = copy_xattr(from, to, x);
	if (!e->merged && S_ISDIR(e->st.st_mode))
		remove_others(to, list, n);
	return rc;
}

int lb_copy_attributes(const struct lb_copyentry *e, const char *to_name)
{
	const struct timespec times[2] = {e->st.st_atim, e->st.st_mtim};
	int rc;

	/* In this order: a new owner takes set-user-id bits and capabilities away. */
	if (fchownat(e->to, to_name, e->st.st_uid, e->st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return lb_err_from_errno(errno);
	if (!S_ISLNK(e->st.st_mode) && fchmodat(e->to, to_name, e->st.st_mode & 07777, 0) < 0)
		return lb_err_from_errno(errno);
	rc = copy_xattrs(e, to_name);
	if (rc == 0 && utimensat(e->to, to_name, times, AT_SYMLINK_NOFOLLOW) < 0)
		rc = lb_err_from_errno(errno);
	return rc;
}

static int write_chunk(int fd, const char *data, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = write(fd, data + done, n - done);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return lb_err_from_errno(w < 0 ? errno : EIO);
		done += (size_t)w;
	}
	return 0;
}

static int copy_content(const struct lb_copyentry *e)
{
	static char chunk[CHUNK_BYTES];
	CLEANUP(lb_fd_closep)
	int in = openat(e->from, e->name,
			O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
	CLEANUP(lb_fd_closep) int out = -1;
	ssize_t n;
	int rc;

	if (in < 0)
		return lb_err_from_errno(errno);
	out = openat(e->to, LB_COPY_BESIDE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		     0600);
	if (out < 0)
		return lb_err_from_errno(errno);
	while ((n = read(in, chunk, sizeof(chunk))) > 0) {
		rc = e->go_on ? e->go_on(e->ctx) : 0;
		if (rc == 0)
			rc = write_chunk(out, chunk, (size_t)n);
		if (rc < 0)
			return rc;
	}
	return n < 0 ? lb_err_from_errno(errno) : 0;
}

static int copy_symlink(const struct lb_copyentry *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(e->from, e->name, target, sizeof(target) - 1);

	if (n < 0)
		return lb_err_from_errno(errno);
	target[n] = '\0';
	return symlinkat(target, e->to, LB_COPY_BESIDE) < 0 ? lb_err_from_errno(errno) : 0;
}

static int make_beside(const struct lb_copyentry *e)
{
	if (S_ISREG(e->st.st_mode))
		return copy_content(e);
	if (S_ISLNK(e->st.st_mode))
		return copy_symlink(e);
	return mknodat(e->to, LB_COPY_BESIDE, e->st.st_mode, e->st.st_rdev) < 0
		       ? lb_err_from_errno(errno)
		       : 0;
}

static int put_in_place(const struct lb_copyentry *e)
{
	int rc = 0;

	if (renameat(e->to, LB_COPY_BESIDE, e->to, e->name) == 0)
		return 0;
	if (errno != EISDIR && errno != ENOTEMPTY && errno != EEXIST)
		return lb_err_from_errno(errno);
	rc = lb_copy_remove(e);
	if (rc == 0 && renameat(e->to, LB_COPY_BESIDE, e->to, e->name) < 0)
		rc = lb_err_from_errno(errno);
	return rc;
}

/* Also after a success: renaming one name of a file onto another one of it does nothing. */
static int clear_beside(const struct lb_copyentry *e)
{
	return unlinkat(e->to, LB_COPY_BESIDE, 0) < 0 && errno != ENOENT ? lb_err_from_errno(errno)
									 : 0;
}

int lb_copy_file(const struct lb_copyentry *e)
{
	int rc = clear_beside(e), cleared;

	if (rc == 0)
		rc = make_beside(e);
	if (rc == 0)
		rc = lb_copy_attributes(e, LB_COPY_BESIDE);
	if (rc == 0)
		rc = put_in_place(e);
	cleared = clear_beside(e);
	return rc < 0 ? rc : cleared;
}

int lb_copy_link(const struct lb_copyentry *e, int target_top, const char *target_path)
{
	int rc = clear_beside(e), cleared;

	if (rc == 0 && linkat(target_top, target_path, e->to, LB_COPY_BESIDE, 0) < 0)
		rc = lb_err_from_errno(errno);
	if (rc == 0)
		rc = put_in_place(e);
	cleared = clear_beside(e);
	return rc < 0 ? rc : cleared;
}

int lb_copy_remove(const struct lb_copyentry *e)
{
	struct lb_tree_count count;
	char path[PATH_MAX];
	struct stat st;
	int rc;

	if (fstatat(e->to, e->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : lb_err_from_errno(errno);
	if (!S_ISDIR(st.st_mode))
		return unlinkat(e->to, e->name, 0) < 0 ? lb_err_from_errno(errno) : 0;
	by_fd(path, e->to, e->name);
	rc = lb_tree_delete(path, NULL, &count);
	if (rc == 0 && unlinkat(e->to, e->name, AT_REMOVEDIR) < 0)
		rc = lb_err_from_errno(errno);
	return rc;
}
