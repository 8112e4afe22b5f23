#include "install/tree_pack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/cleanup.h"

#define READ_BYTES  (256u << 10)
#define NAMES_BYTES (64u << 10) /* of extended attributes: what Linux gives at most */

/* Holes smaller than this in all are packed as zeros, for unpackers that know nothing of holes. */
#define HOLES_BYTES (1 << 20)

struct lb_tree_pack {
	struct archive *to;
	int fd;
	bool given_up;
	struct archive_entry_linkresolver *links;
	struct lb_tree_pack_report *report;
	const struct lb_tree_pack_ask *ask;
	dev_t device;	     /* of the tree: what lies on another one is not part of it */
	char path[PATH_MAX]; /* of the entry, from "." on */
	char names[NAMES_BYTES], value[NAMES_BYTES];
	uint8_t buf[READ_BYTES];
};

PRINTF_LIKE(3, 4)
static int fail(struct lb_tree_pack *p, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(p->report->why, sizeof(p->report->why), fmt, args);
	va_end(args);
	return err;
}

static int fail_read(struct lb_tree_pack *p)
{
	const int err = errno;

	return fail(p, lb_err_from_errno(err), "%.150s cannot be read: %s", p->path, strerror(err));
}

static int fail_write(struct lb_tree_pack *p)
{
	const int err = archive_errno(p->to);

	return fail(p, err > 0 ? lb_err_from_errno(err) : LB_E(IO),
		    "the archive cannot be written: %.150s",
		    err > 0 ? strerror(err) : archive_error_string(p->to));
}

/* The library ends each archive that it has begun: a part would pass for the whole. */
static la_ssize_t write_out(struct archive *a, void *ctx, const void *data, size_t n)
{
	const struct lb_tree_pack *p = ctx;
	ssize_t written;

	if (p->given_up)
		return (la_ssize_t)n;
	do
		written = write(p->fd, data, n);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		archive_set_error(a, errno, "Write error");
	return written;
}

int lb_tree_pack_begin(struct lb_tree_pack **out, int fd, struct lb_tree_pack_report *report)
{
	CLEANUP(lb_tree_pack_closep) struct lb_tree_pack *p = calloc(1, sizeof(*p));

	*report = (struct lb_tree_pack_report){0};
	if (!p)
		return LB_E(NOSPC);
	p->report = report;
	p->fd = fd;
	p->to = archive_write_new();
	p->links = archive_entry_linkresolver_new();
	if (!p->to || !p->links)
		return LB_E(NOSPC);
	archive_entry_linkresolver_set_strategy(p->links, ARCHIVE_FORMAT_TAR_PAX_RESTRICTED);
	if (archive_write_set_format_pax_restricted(p->to) != ARCHIVE_OK ||
	    archive_write_add_filter_gzip(p->to) != ARCHIVE_OK ||
	    /* The other form, which only libarchive reads, says the same once more. */
	    archive_write_set_format_option(p->to, "pax", "xattrheader", "SCHILY") != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(p->to, 1) != ARCHIVE_OK ||
	    archive_write_open(p->to, p, NULL, write_out, NULL) != ARCHIVE_OK)
		return LB_E(NOSPC);
	*out = p;
	p = NULL;
	return 0;
}

void lb_tree_pack_closep(struct lb_tree_pack **p)
{
	if (!*p)
		return;
	(*p)->given_up = true; /* of no meaning to one that has come to its end */
	if ((*p)->to)
		(void)archive_write_free((*p)->to);
	if ((*p)->links)
		archive_entry_linkresolver_free((*p)->links);
	free(*p);
	*p = NULL;
}

/* Of this file system alone, not of what is in it. */
static bool is_foreign(const char *xattr)
{
	return strncmp(xattr, "btrfs.", 6) == 0;
}

static int add_xattrs(struct lb_tree_pack *p, struct archive_entry *e, int dir, const char *name)
{
	char path[NAME_MAX + 40];
	ssize_t n;

	/* The calls for extended attributes know no directory descriptors. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	n = llistxattr(path, p->names, sizeof(p->names));
	if (n < 0)
		return errno == ENOTSUP ? 0 : fail_read(p);
	for (const char *xattr = p->names; xattr < p->names + n; xattr += strlen(xattr) + 1) {
		ssize_t size = lgetxattr(path, xattr, p->value, sizeof(p->value));

		if (size < 0)
			return fail_read(p);
		if (!is_foreign(xattr))
			archive_entry_xattr_add_entry(e, xattr, p->value, (size_t)size);
	}
	return 0;
}

static int add_target(struct lb_tree_pack *p, struct archive_entry *e, int dir, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return fail_read(p);
	target[n] = '\0';
	archive_entry_copy_symlink(e, target);
	return 0;
}

/* Where the data are, if it is worth while to say so. */
static void add_holes(struct archive_entry *e, int fd, const struct stat *st)
{
	off_t data, hole = 0;

	if (st->st_size - (off_t)st->st_blocks * 512 < HOLES_BYTES)
		return;
	while ((data = lseek(fd, hole, SEEK_DATA)) >= 0) {
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			break;
		archive_entry_sparse_add_entry(e, data, hole - data);
	}
	/* It ends in a hole. */
	if (archive_entry_sparse_count(e) == 0)
		archive_entry_sparse_add_entry(e, st->st_size, 0);
}

static int write_data(struct lb_tree_pack *p, size_t n)
{
	return archive_write_data(p->to, p->buf, n) == (la_ssize_t)n ? 0 : fail_write(p);
}

/* From `at` on up to `end`. */
static int write_extent(struct lb_tree_pack *p, int fd, off_t at, off_t end)
{
	while (at < end) {
		const off_t left = end - at;
		ssize_t n = pread(fd, p->buf, left < READ_BYTES ? (size_t)left : READ_BYTES, at);
		int rc;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_read(p);
		if (n == 0)
			return fail(p, LB_E(STATE), "%.150s became shorter while it was read",
				    p->path);
		rc = write_data(p, (size_t)n);
		if (rc < 0)
			return rc;
		p->report->bytes += (uint64_t)n;
		at += n;
	}
	return 0;
}

/* The writer leaves out what it was told to be holes, but counts it. */
static int write_hole(struct lb_tree_pack *p, off_t at, off_t end)
{
	int rc = 0;

	memset(p->buf, 0, sizeof(p->buf));
	for (off_t left = end - at; rc == 0 && left > 0; left -= READ_BYTES)
		rc = write_data(p, left < READ_BYTES ? (size_t)left : READ_BYTES);
	return rc;
}

static int write_content(struct lb_tree_pack *p, struct archive_entry *e, int fd, off_t size)
{
	int64_t data = 0, bytes = 0;
	off_t at = 0;
	int rc = 0;

	if (archive_entry_sparse_reset(e) == 0)
		return write_extent(p, fd, 0, size);
	while (rc == 0 && archive_entry_sparse_next(e, &data, &bytes) == ARCHIVE_OK) {
		rc = write_hole(p, at, data);
		at = data + bytes < size ? data + bytes : size;
		if (rc == 0)
			rc = write_extent(p, fd, data, at);
	}
	return rc < 0 ? rc : write_hole(p, at, size);
}

static int write_header(struct lb_tree_pack *p, struct archive_entry *e)
{
	int rc = archive_write_header(p->to, e);

	/* A warning: the name is no UTF-8, and is written as the bytes that it is. */
	return rc == ARCHIVE_OK || rc == ARCHIVE_WARN ? 0 : fail_write(p);
}

static int write_file(struct lb_tree_pack *p, struct archive_entry *e, int dir, const char *name,
		      const struct stat *st)
{
	CLEANUP(lb_fd_closep)
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return fail_read(p);
	add_holes(e, fd, st);
	rc = write_header(p, e);
	return rc == 0 ? write_content(p, e, fd, st->st_size) : rc;
}

static void entry_freep(struct archive_entry **e)
{
	archive_entry_free(*e);
}

static int write_entry(struct lb_tree_pack *p, int dir, const char *name, const struct stat *st)
{
	CLEANUP(entry_freep) struct archive_entry *e = archive_entry_new();
	struct archive_entry *rest = NULL;
	int rc;

	if (!e)
		return fail(p, LB_E(NOSPC), "there is not enough memory");
	archive_entry_copy_stat(e, st);
	archive_entry_copy_pathname(e, p->path);
	archive_entry_linkify(p->links, &e, &rest);
	if (archive_entry_hardlink(e))
		return write_header(p, e);
	rc = add_xattrs(p, e, dir, name);
	if (rc == 0 && S_ISLNK(st->st_mode))
		rc = add_target(p, e, dir, name);
	if (rc < 0)
		return rc;
	return S_ISREG(st->st_mode) ? write_file(p, e, dir, name, st) : write_header(p, e);
}

static int write_below(struct lb_tree_pack *p, int dir, const char *name);

/* By another kind: a directory by something else, or the other way round. */
static bool is_replaced(const struct lb_tree_pack *p, const struct stat *st)
{
	struct stat on_top;

	return p->ask->on_top &&
	       fstatat(*p->ask->on_top, p->path, &on_top, AT_SYMLINK_NOFOLLOW) == 0 &&
	       !S_ISSOCK(on_top.st_mode) && S_ISDIR(on_top.st_mode) != S_ISDIR(st->st_mode);
}

static bool is_left_out(const struct lb_tree_pack *p, const struct stat *st)
{
	return S_ISSOCK(st->st_mode) || (p->ask->skip && p->ask->skip(p->ask->ctx, p->path)) ||
	       is_replaced(p, st);
}

static int write_named(struct lb_tree_pack *p, int dir, const char *name)
{
	struct stat st;
	int rc;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_read(p);
	if (is_left_out(p, &st))
		return 0;
	rc = write_entry(p, dir, name, &st);
	p->report->entries += rc == 0;
	return rc == 0 && S_ISDIR(st.st_mode) && st.st_dev == p->device ? write_below(p, dir, name)
									: rc;
}

/* p->path is the directory's. */
static int write_below(struct lb_tree_pack *p, int dir, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags), rc = 0;
	CLEANUP(lb_dir_closep) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const size_t used = strlen(p->path);
	struct dirent *entry;

	if (!d)
		return fail_read(p);
	while (rc == 0 && (errno = 0, entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(p->path + used, sizeof(p->path) - used, "/%s", entry->d_name) >=
		    (int)(sizeof(p->path) - used))
			return fail(p, LB_E(RANGE), "%.150s is too deep a path", p->path);
		rc = write_named(p, dirfd(d), entry->d_name);
		p->path[used] = '\0';
	}
	if (rc == 0 && errno)
		return fail_read(p);
	return rc;
}

int lb_tree_pack_add(struct lb_tree_pack *p, int dir_fd, const struct lb_tree_pack_ask *ask)
{
	struct stat st;

	p->ask = ask;
	(void)strcpy(p->path, ".");
	if (fstat(dir_fd, &st) < 0)
		return fail_read(p);
	p->device = st.st_dev;
	return write_named(p, dir_fd, ".");
}

int lb_tree_pack_end(struct lb_tree_pack *p)
{
	return archive_write_close(p->to) == ARCHIVE_OK ? 0 : fail_write(p);
}
