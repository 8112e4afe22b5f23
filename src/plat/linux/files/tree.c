#include "plat/linux/files/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tables/limits.h"

#define DEPTH_MAX \
	128 /* open directories; deeper ones are moved up first, so that no tree is too deep */

struct walk {
	int top; /* fd of the directory that everything is below */
	dev_t device;
	const char *keep; /* NULL = nothing */
	lb_tree_visitor *visit;
	void *ctx;
	char path[4096]; /* of the entry that is looked at; cut for display only */
	unsigned moved;	 /* directories that were moved up so far */
	int error;	 /* the first one */
	struct lb_tree_count count;
};

static void note(struct walk *w)
{
	if (w->error == 0)
		w->error = lb_err_from_errno(errno);
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* An immutable or append-only file cannot be deleted, nor can anything in such a directory. */
static bool make_mutable(int dir, const char *name)
{
	CLEANUP(lb_fd_closep)
	int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	int flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 ||
	    !(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
		return false;
	flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}

/* It, the directory that it is in, or both. */
static bool make_deletable(int dir, const char *name)
{
	bool itself = make_mutable(dir, name);

	return make_mutable(dir, ".") || itself;
}

static void unlink_entry(struct walk *w, int dir, const char *name, bool is_dir)
{
	int flags = is_dir ? AT_REMOVEDIR : 0;

	if (unlinkat(dir, name, flags) == 0 ||
	    (errno == EPERM && make_deletable(dir, name) && unlinkat(dir, name, flags) == 0)) {
		w->count.entries++;
		return;
	}
	if (errno != EBUSY || !is_dir) /* busy: something is mounted there */
		note(w);
}

/* Open a subdirectory unless something is mounted on it. */
static int open_dir(struct walk *w, int dir, const char *name)
{
	CLEANUP(lb_fd_closep)
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		note(w);
		return -1;
	}
	return st.st_dev == w->device ? lb_fd_take(&fd) : -1;
}

/* What cannot be moved does not count: reading the top level again would not find it there. */
static void move_up(struct walk *w, int dir, const char *name)
{
	char up[32];

	(void)snprintf(up, sizeof(up), ".deep.%d.%u", (int)getpid(), w->moved);
	if (renameat(dir, name, w->top, up) < 0 &&
	    (errno != EPERM || !make_deletable(dir, name) || renameat(dir, name, w->top, up) < 0)) {
		note(w);
		return;
	}
	w->moved++;
}

static void delete_below(struct walk *w, int dir_fd, unsigned depth);

static void delete_dir(struct walk *w, int dir, const char *name, unsigned depth)
{
	int fd;

	if (depth == DEPTH_MAX) {
		move_up(w, dir, name); /* the top level is read again after that */
		return;
	}
	fd = open_dir(w, dir, name);
	if (fd >= 0)
		delete_below(w, fd, depth + 1);
	unlink_entry(w, dir, name, true);
}

/* Takes dir_fd over. NULL after an error. */
static DIR *open_stream(struct walk *w, int dir_fd)
{
	DIR *d = fdopendir(dir_fd);

	if (!d) {
		note(w);
		(void)close(dir_fd);
	}
	return d;
}

/* The next entry that is not passed over. */
static struct dirent *next_entry(const struct walk *w, DIR *d, unsigned depth)
{
	struct dirent *e;

	do
		e = readdir(d);
	while (e &&
	       (is_dots(e->d_name) || (depth == 0 && w->keep && strcmp(e->d_name, w->keep) == 0)));
	return e;
}

/* Takes dir_fd over. */
static void delete_below(struct walk *w, int dir_fd, unsigned depth)
{
	CLEANUP(lb_dir_closep) DIR *d = open_stream(w, dir_fd);
	struct dirent *e;

	while (d && (e = next_entry(w, d, depth))) {
		struct stat st;
		bool is_dir = e->d_type == DT_DIR;

		if (e->d_type == DT_UNKNOWN &&
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			is_dir = S_ISDIR(st.st_mode);
		if (is_dir)
			delete_dir(w, dirfd(d), e->d_name, depth);
		else
			unlink_entry(w, dirfd(d), e->d_name, false);
	}
}

/* Takes dir_fd over. */
static void walk_below(struct walk *w, int dir_fd, size_t path_len, unsigned depth)
{
	CLEANUP(lb_dir_closep) DIR *d = open_stream(w, dir_fd);
	struct dirent *e;

	while (d && (e = next_entry(w, d, depth))) {
		struct stat st;
		int sub, n;

		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			note(w);
			continue;
		}
		n = snprintf(w->path + path_len, sizeof(w->path) - path_len, "%s%s",
			     path_len ? "/" : "", e->d_name);
		w->count.entries++;
		w->count.bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
		w->visit(w->ctx, w->path);
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX &&
		    (size_t)n < sizeof(w->path) - path_len &&
		    (sub = open_dir(w, dirfd(d), e->d_name)) >= 0)
			walk_below(w, sub, path_len + (size_t)n, depth + 1);
		w->path[path_len] = '\0';
	}
}

static int begin(struct walk *w, const char *dir)
{
	struct stat st;

	w->top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->top < 0 || fstat(w->top, &st) < 0)
		return lb_err_from_errno(errno);
	w->device = st.st_dev;
	return 0;
}

int lb_tree_walk(const char *dir, const char *keep, lb_tree_visitor *visit, void *ctx,
		 struct lb_tree_count *out)
{
	struct walk w = {.keep = keep, .visit = visit, .ctx = ctx};
	int rc = begin(&w, dir);

	if (rc < 0)
		return rc;
	walk_below(&w, w.top, 0, 0); /* closes w.top */
	*out = w.count;
	return w.error;
}

int lb_tree_delete(const char *dir, const char *keep, struct lb_tree_count *deleted)
{
	struct walk w = {.keep = keep};
	CLEANUP(lb_fd_closep) int top = -1;
	unsigned moved;
	int rc = begin(&w, dir);

	if (rc < 0)
		return rc;
	top = w.top;
	do {
		int again = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		moved = w.moved;
		if (again < 0)
			return lb_err_from_errno(errno);
		delete_below(&w, again, 0);
	} while (w.moved != moved);
	*deleted = w.count;
	return w.error;
}
