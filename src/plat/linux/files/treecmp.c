#include "plat/linux/files/treecmp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"

#define SUBVOLUME 256	/* the inode number of a subvolume's top, and of nothing else in it */
#define STUB	  2	/* of the empty directory that stands for one in a snapshot */
#define PIECE	  65536 /* as much as an extended attribute may hold, or their names */

static char left[PIECE], right[PIECE]; /* of a file, or of an attribute */

struct walk {
	lb_treecmp_found *found;
	void *ctx;
	char path[PATH_MAX];
	bool differs;
};

struct names {
	struct dirent **all;
	int count;
};

static void free_names(struct names *n)
{
	for (int i = 0; i < n->count; i++)
		free(n->all[i]);
	free(n->all);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_name(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

/* A directory that is not there has no names. */
static int read_names(struct names *n, int dir)
{
	if (dir < 0)
		return 0;
	n->count = scandirat(dir, ".", &n->all, is_name, by_name);
	if (n->count >= 0)
		return 0;
	n->count = 0;
	return lb_err_from_errno(errno);
}

static void tell(struct walk *w, char how)
{
	w->differs = true;
	if (w->found)
		w->found(w->ctx, how, w->path);
}

static int same_content(int a, int b, const char *name)
{
	CLEANUP(lb_fd_closep) int x = openat(a, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP(lb_fd_closep) int y = openat(b, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n, m;

	if (x < 0 || y < 0)
		return lb_err_from_errno(errno);
	do {
		n = read(x, left, sizeof(left));
		m = read(y, right, sizeof(right));
		if (n < 0 || m < 0)
			return lb_err_from_errno(errno);
		if (n != m || memcmp(left, right, (size_t)n) != 0)
			return 0;
	} while (n > 0);
	return 1;
}

static int same_target(int a, int b, const char *name)
{
	ssize_t n = readlinkat(a, name, left, sizeof(left));
	ssize_t m = readlinkat(b, name, right, sizeof(right));

	if (n < 0 || m < 0)
		return lb_err_from_errno(errno);
	return n == m && memcmp(left, right, (size_t)n) == 0;
}

static ssize_t list_attributes(const char *path, char names[PIECE])
{
	ssize_t n = llistxattr(path, names, PIECE);

	return n < 0 && errno == ENOTSUP ? 0 : n;
}

static int same_attribute(const char *x, const char *y, const char *xattr)
{
	ssize_t n = lgetxattr(x, xattr, left, sizeof(left)), m;

	if (n < 0)
		return lb_err_from_errno(errno);
	m = lgetxattr(y, xattr, right, sizeof(right));
	if (m < 0)
		return errno == ENODATA ? 0 : lb_err_from_errno(errno);
	return n == m && memcmp(left, right, (size_t)n) == 0;
}

/* In any order. Who has all those of the other, and no longer a list, has the same. */
static int same_attributes(int a, int b, const char *name)
{
	static char names[PIECE];
	char x[NAME_MAX + 40], y[NAME_MAX + 40];
	ssize_t n, m;
	int rc = 1;

	/* The calls for extended attributes know no directory descriptors. */
	(void)snprintf(x, sizeof(x), "/proc/self/fd/%d/%s", a, name);
	(void)snprintf(y, sizeof(y), "/proc/self/fd/%d/%s", b, name);
	n = list_attributes(x, names);
	m = n < 0 ? n : list_attributes(y, right);
	if (m < 0)
		return lb_err_from_errno(errno);
	if (n != m)
		return 0;
	for (const char *xattr = names; rc == 1 && xattr < names + n; xattr += strlen(xattr) + 1)
		rc = same_attribute(x, y, xattr);
	return rc;
}

/* A snapshot keeps number and time of change: nobody can change a file and keep them. */
static bool is_shared(const struct stat *x, const struct stat *y)
{
	return x->st_ino == y->st_ino && x->st_ctim.tv_sec == y->st_ctim.tv_sec &&
	       x->st_ctim.tv_nsec == y->st_ctim.tv_nsec && x->st_size == y->st_size;
}

static int same(int a, int b, const char *name, const struct stat *x, const struct stat *y)
{
	const bool shared = is_shared(x, y);
	int rc;

	if (x->st_mode != y->st_mode || x->st_uid != y->st_uid || x->st_gid != y->st_gid)
		return 0;
	rc = shared ? 1 : same_attributes(a, b, name);
	if (rc <= 0)
		return rc;
	if (S_ISCHR(x->st_mode) || S_ISBLK(x->st_mode))
		return x->st_rdev == y->st_rdev;
	if (S_ISLNK(x->st_mode))
		return same_target(a, b, name);
	if (!S_ISREG(x->st_mode) || shared)
		return 1;
	return x->st_size == y->st_size ? same_content(a, b, name) : 0;
}

static int compare(struct walk *w, int a, int b);

static int descend(struct walk *w, int a, int b, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	CLEANUP(lb_fd_closep) int x = a < 0 ? -1 : openat(a, name, flags);
	CLEANUP(lb_fd_closep) int y = b < 0 ? -1 : openat(b, name, flags);

	if ((a >= 0 && x < 0) || (b >= 0 && y < 0))
		return lb_err_from_errno(errno);
	return compare(w, x, y);
}

static bool is_other(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && (st->st_ino == SUBVOLUME || st->st_ino == STUB);
}

/* `name` is in `a`, in `b` (-1: not there), or in both. */
static int look(struct walk *w, int a, int b, const char *name)
{
	struct stat x = {0}, y = {0};
	int rc = 1;

	if ((a >= 0 && fstatat(a, name, &x, AT_SYMLINK_NOFOLLOW) < 0) ||
	    (b >= 0 && fstatat(b, name, &y, AT_SYMLINK_NOFOLLOW) < 0))
		return lb_err_from_errno(errno);
	if (is_other(&x) || is_other(&y))
		return 0;
	if (a >= 0 && b >= 0 && (rc = same(a, b, name, &x, &y)) < 0)
		return rc;
	if (a < 0 || b < 0)
		tell(w, a < 0 ? '+' : '-');
	else if (rc == 0)
		tell(w, '~');
	rc = 0;
	if (S_ISDIR(x.st_mode) && S_ISDIR(y.st_mode))
		return descend(w, a, b, name);
	if (S_ISDIR(x.st_mode))
		rc = descend(w, a, -1, name);
	if (rc == 0 && S_ISDIR(y.st_mode))
		rc = descend(w, -1, b, name);
	return rc;
}

static int compare(struct walk *w, int a, int b)
{
	CLEANUP(free_names) struct names x = {0};
	CLEANUP(free_names) struct names y = {0};
	const size_t above = strlen(w->path);
	int rc = read_names(&x, a);

	if (rc == 0)
		rc = read_names(&y, b);
	for (int i = 0, j = 0; rc == 0 && (i < x.count || j < y.count);) {
		int order = i == x.count   ? 1
			    : j == y.count ? -1
					   : strcmp(x.all[i]->d_name, y.all[j]->d_name);
		const char *name = order > 0 ? y.all[j]->d_name : x.all[i]->d_name;

		if (snprintf(w->path + above, sizeof(w->path) - above, "/%s", name) >=
		    (int)(sizeof(w->path) - above))
			return LB_E(RANGE);
		if (w->differs && !w->found)
			break;
		rc = look(w, order > 0 ? -1 : a, order < 0 ? -1 : b, name);
		i += order <= 0;
		j += order >= 0;
	}
	w->path[above] = '\0';
	return rc;
}

int lb_treecmp(int a, int b, const char *path, lb_treecmp_found *found, void *ctx)
{
	static struct walk w;
	int rc;

	w = (struct walk){.found = found, .ctx = ctx};
	if (strcmp(path, "/") != 0 && strlen(path) >= sizeof(w.path))
		return LB_E(RANGE);
	(void)snprintf(w.path, sizeof(w.path), "%s", strcmp(path, "/") == 0 ? "" : path);
	rc = compare(&w, a, b);
	return rc < 0 ? rc : w.differs;
}
