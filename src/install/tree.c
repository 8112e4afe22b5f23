#include "install/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "install/tree_entry.h"
#include "install/tree_stream.h"

/* Times of directories: set last, since each entry that is made in one changes them. */
struct dir_time {
	struct dir_time *next;
	struct timespec modified;
	char path[];
};

struct unpacking {
	int top;
	const struct lb_tree_limits *limits;
	struct lb_tree_report *report;
	struct lb_tree_stream *stream;
	struct dir_time *times;
	int parent; /* of the entry before: most have the same */
	char parent_path[PATH_MAX];
};

PRINTF_LIKE(3, 4)
static int fail(struct unpacking *u, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(u->report->why, sizeof(u->report->why), fmt, args);
	va_end(args);
	return err;
}

static int fail_entry(struct unpacking *u, const char *path)
{
	const int err = errno;

	return fail(u, lb_err_from_errno(err), "cannot be unpacked: %.120s: %s", path,
		    strerror(err));
}

static int open_below(int top, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					  RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, top, path[0] ? path : ".", &how, sizeof(how));
}

/* Archives need not have the directories that their files are in. */
static int make_parents(int top, char *path)
{
	for (char *slash = path; (slash = strchr(slash, '/')); slash++) {
		int rc;

		*slash = '\0';
		rc = mkdirat(top, path, 0755);
		*slash = '/';
		if (rc < 0 && errno != EEXIST)
			return -1;
	}
	return mkdirat(top, path, 0755);
}

static int open_dir(int top, char *path)
{
	int fd = open_below(top, path, O_RDONLY | O_DIRECTORY);
	struct stat st;

	if (fd >= 0 || errno != ENOENT)
		return fd;
	/* A link that leads nowhere is no missing directory. */
	if (fstatat(top, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		errno = ELOOP;
	else if (make_parents(top, path) == 0)
		fd = open_below(top, path, O_RDONLY | O_DIRECTORY);
	return fd;
}

/* The directory of `path`, kept open for the next one, and the name in it. */
static int enter_parent(struct unpacking *u, char *path, const char **name)
{
	char *slash = strrchr(path, '/');
	const char *dir = slash ? path : "";
	int fd;

	if (slash)
		*slash = '\0';
	*name = slash ? slash + 1 : path;
	if (u->parent >= 0 && strcmp(u->parent_path, dir) == 0)
		return u->parent;
	fd = open_dir(u->top, slash ? path : strcpy(u->parent_path, ""));
	if (fd < 0) {
		if (errno == ELOOP || errno == ENOTDIR || errno == EXDEV)
			return fail(u, LB_E(AUTH), "holds something behind a link: %.120s", dir);
		return fail_entry(u, dir);
	}
	lb_fd_closep(&u->parent);
	u->parent = fd;
	(void)strcpy(u->parent_path, dir);
	return fd;
}

static int set_xattrs(int dir, const char *name, struct archive_entry *e)
{
	char path[PATH_MAX + 32];
	const void *value;
	const char *xattr;
	size_t n;

	if (archive_entry_xattr_reset(e) == 0)
		return 0;
	/* The calls for extended attributes know no directory descriptors. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	while (archive_entry_xattr_next(e, &xattr, &value, &n) == ARCHIVE_OK)
		if (lsetxattr(path, xattr, value, n, 0) < 0)
			return -1;
	return 0;
}

static struct timespec modified(struct archive_entry *e)
{
	if (!archive_entry_mtime_is_set(e))
		return (struct timespec){.tv_nsec = UTIME_NOW};
	return (struct timespec){archive_entry_mtime(e), archive_entry_mtime_nsec(e)};
}

/* In this order: a new owner takes set-user-id bits and capabilities away. */
static int set_attributes(int dir, const char *name, struct archive_entry *e)
{
	const struct timespec t = modified(e), times[2] = {t, t};
	const bool link = archive_entry_filetype(e) == AE_IFLNK;

	if (fchownat(dir, name, (uid_t)archive_entry_uid(e), (gid_t)archive_entry_gid(e),
		     AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!link && fchmodat(dir, name, archive_entry_perm(e) & 07777, 0) < 0)
		return -1;
	if (set_xattrs(dir, name, e) < 0)
		return -1;
	return utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW);
}

static int count_bytes(struct unpacking *u, uint64_t n)
{
	u->report->bytes += n;
	if (u->limits->max_bytes && u->report->bytes > u->limits->max_bytes)
		return fail(u, LB_E(RANGE), "holds more than %llu MiB",
			    (unsigned long long)(u->limits->max_bytes >> 20));
	return 0;
}

static int write_at(int fd, const uint8_t *data, size_t n, int64_t off)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = pwrite(fd, data + done, n - done, off + (off_t)done);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -1;
		done += (size_t)w;
	}
	return 0;
}

static int write_content(struct unpacking *u, struct archive *a, int fd, const char *path)
{
	const void *data;
	size_t n;
	int64_t off;
	int rc;

	while ((rc = archive_read_data_block(a, &data, &n, &off)) == ARCHIVE_OK) {
		int counted = count_bytes(u, n);

		if (counted < 0)
			return counted;
		if (write_at(fd, data, n, off) < 0)
			return fail_entry(u, path);
	}
	if (rc != ARCHIVE_EOF)
		return fail(u, LB_E(FORMAT), "is damaged: %.120s", path);
	return 0;
}

static int make_file(struct unpacking *u, struct archive *a, struct archive_entry *e, int dir,
		     const char *name)
{
	CLEANUP(lb_fd_closep)
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return fail_entry(u, name);
	rc = write_content(u, a, fd, name);
	/* Files that end in a hole. */
	if (rc == 0 && archive_entry_sparse_count(e) > 0 &&
	    ftruncate(fd, archive_entry_size(e)) < 0)
		return fail_entry(u, name);
	return rc;
}

static int make_hard_link(struct unpacking *u, const char *target, int dir, const char *name)
{
	CLEANUP(lb_fd_closep) int parent = -1;
	char path[PATH_MAX], *slash;
	int rc = lb_tree_clean_path(path, target);

	if (rc < 0)
		return fail(u, rc, "holds a link that leads elsewhere: %.120s", target);
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	parent = open_below(u->top, slash ? path : "", O_RDONLY | O_DIRECTORY);
	if (parent < 0 || linkat(parent, slash ? slash + 1 : path, dir, name, 0) < 0)
		return fail_entry(u, target);
	return 0;
}

static int remember_time(struct unpacking *u, struct archive_entry *e, const char *path)
{
	const size_t n = strlen(path) + 1;
	struct dir_time *t = malloc(sizeof(*t) + n);

	if (!t)
		return fail(u, LB_E(NOSPC), "needs more memory than there is");
	*t = (struct dir_time){.next = u->times, .modified = modified(e)};
	memcpy(t->path, path, n);
	u->times = t;
	return 0;
}

static int make_dir(struct unpacking *u, struct archive_entry *e, int dir, const char *name,
		    const char *path)
{
	struct stat st;

	if (mkdirat(dir, name, 0700) < 0) {
		if (errno != EEXIST || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode))
			return fail_entry(u, path);
	}
	return remember_time(u, e, path);
}

/* The entry that is made last counts, as with tar. */
static int make_way(int dir, const char *name)
{
	return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -1 : 0;
}

static int make(struct unpacking *u, struct archive *a, struct archive_entry *e, int dir,
		const char *name, const char *path)
{
	const char *hard = lb_tree_hard_link(e);
	const mode_t type = archive_entry_filetype(e);

	if (!hard && type == AE_IFDIR)
		return make_dir(u, e, dir, name, path);
	if (make_way(dir, name) < 0)
		return fail_entry(u, path);
	if (hard)
		return make_hard_link(u, hard, dir, name);
	if (type == AE_IFREG)
		return make_file(u, a, e, dir, name);
	if (type == AE_IFLNK)
		return symlinkat(lb_tree_symlink(e), dir, name) < 0 ? fail_entry(u, path) : 0;
	if (type == AE_IFCHR || type == AE_IFBLK || type == AE_IFIFO)
		return mknodat(dir, name, type | 0600, archive_entry_rdev(e)) < 0
			       ? fail_entry(u, path)
			       : 0;
	return fail(u, LB_E(UNSUP), "holds something that is no file of a tree: %.120s", path);
}

static int take_entry(struct unpacking *u, struct archive *a, struct archive_entry *e)
{
	const char *given = lb_tree_name(e), *name = ".";
	char path[PATH_MAX], split[PATH_MAX];
	int dir = u->top, rc;

	if (!given)
		return fail(u, LB_E(FORMAT), "holds an entry without a name");
	rc = lb_tree_clean_path(path, given);
	if (rc < 0)
		return fail(u, rc, "holds a path that leads elsewhere: %.120s", given);
	if (u->limits->max_entries && u->report->entries >= u->limits->max_entries)
		return fail(u, LB_E(RANGE), "holds more than %llu entries",
			    (unsigned long long)u->limits->max_entries);
	u->report->entries++;
	if (path[0]) {
		(void)strcpy(split, path);
		dir = enter_parent(u, split, &name);
		if (dir < 0)
			return dir;
		rc = make(u, a, e, dir, name, path);
	} else {
		rc = remember_time(u, e, path);
	}
	/* Another name of a file that has its attributes already. */
	if (rc == 0 && !lb_tree_hard_link(e) && set_attributes(dir, name, e) < 0)
		return fail_entry(u, path);
	if (rc == 0 && u->limits->progress)
		u->limits->progress(u->limits->ctx, atomic_load(&u->stream->packed_bytes));
	return rc;
}

static int take_all(struct unpacking *u, struct archive *a)
{
	struct archive_entry *e;
	int rc = 0;

	while (rc == 0) {
		int got = archive_read_next_header(a, &e);

		if (got == ARCHIVE_EOF)
			return 0;
		if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
			return fail(u, LB_E(FORMAT), "is damaged (tar)");
		rc = take_entry(u, a, e);
	}
	return rc;
}

static int set_times(struct unpacking *u, int rc)
{
	for (struct dir_time *t = u->times, *next; t; t = next) {
		const struct timespec times[2] = {t->modified, t->modified};
		CLEANUP(lb_fd_closep) int fd = -1;

		next = t->next;
		if (rc == 0)
			fd = open_below(u->top, t->path, O_RDONLY | O_DIRECTORY);
		if (rc == 0 && (fd < 0 || futimens(fd, times) < 0))
			rc = fail_entry(u, t->path);
		free(t);
	}
	return rc;
}

int lb_tree_unpack(int archive_fd, int dir_fd, const struct lb_tree_limits *limits,
		   struct lb_tree_report *out)
{
	static struct lb_tree_stream stream;
	CLEANUP(lb_tree_tar_freep) struct archive *a = archive_read_new();
	struct unpacking u = {
		.top = dir_fd, .limits = limits, .report = out, .stream = &stream, .parent = -1};
	int rc, whole;

	*out = (struct lb_tree_report){0};
	rc = lb_tree_stream_begin(&stream, archive_fd);
	if (rc < 0)
		return fail(&u, rc, "cannot be unpacked: it %s", lb_strerror(rc));
	rc = lb_tree_open_tar(a, stream.out);
	rc = rc < 0 ? fail(&u, rc, "is damaged (tar)") : take_all(&u, a);
	lb_fd_closep(&u.parent);
	rc = set_times(&u, rc);
	whole = lb_tree_stream_end(&stream, rc == 0);
	/* What is damaged shows in the tar as well: the sums say what is the matter. */
	if (whole < 0 && (rc == 0 || rc == LB_E(FORMAT)))
		return fail(&u, whole, "is damaged: it %s", lb_strerror(whole));
	return rc;
}
