#include "plat/linux/files/copytree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/copyentry.h"

#define DEPTH_MAX 128 /* two descriptors each */

/* Times of change come from the tick, 10 ms at most: an entry that was changed this lately may be
 * changed once more with the same time. */
#define SAME_TICK_NS 20000000ll

struct lb_copynode {
	struct lb_copynode *parent, *children, *next;
	struct stat st;
	unsigned pass; /* in which it was seen last */
	char name[];
};

static void node_free(struct lb_copynode *n);

static void free_children(struct lb_copynode *n)
{
	while (n->children) {
		struct lb_copynode *child = n->children;

		n->children = child->next;
		node_free(child);
	}
}

static void node_free(struct lb_copynode *n)
{
	free_children(n);
	free(n);
}

static struct lb_copynode *node_new(struct lb_copynode *parent, const char *name)
{
	size_t n = strlen(name) + 1;
	struct lb_copynode *node = calloc(1, sizeof(*node) + n);

	if (!node)
		return NULL;
	memcpy(node->name, name, n);
	node->parent = parent;
	return node;
}

/* Directories are read in the same order each time, so that the next one is mostly it. */
static struct lb_copynode *node_find(struct lb_copynode *dir, struct lb_copynode *after,
				     const char *name)
{
	struct lb_copynode *n = after ? after->next : dir->children;

	if (n && strcmp(n->name, name) == 0)
		return n;
	for (n = dir->children; n && strcmp(n->name, name) != 0;)
		n = n->next;
	return n;
}

static void node_insert(struct lb_copynode *dir, struct lb_copynode *after, struct lb_copynode *n)
{
	struct lb_copynode **at = after ? &after->next : &dir->children;

	n->next = *at;
	*at = n;
}

/* Another name of the same file that is copied already. */
static const struct lb_copynode *node_by_inode(const struct lb_copytree *c,
					       const struct lb_copynode *dir, ino_t inode)
{
	for (const struct lb_copynode *n = dir->children; n; n = n->next) {
		const struct lb_copynode *below;

		if (n->pass == c->pass && n->st.st_ino == inode && S_ISREG(n->st.st_mode))
			return n;
		below = node_by_inode(c, n, inode);
		if (below)
			return below;
	}
	return NULL;
}

static bool node_path(const struct lb_copynode *n, char path[PATH_MAX])
{
	size_t at = PATH_MAX - 1;

	path[at] = '\0';
	for (; n->parent; n = n->parent) {
		size_t len = strlen(n->name);

		if (at < len + 1)
			return false;
		if (path[at])
			path[--at] = '/';
		at -= len;
		memcpy(path + at, n->name, len);
	}
	memmove(path, path + at, PATH_MAX - at);
	return true;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* `seen_at`: taken before st. What may yet change unnoticed is looked at again in the next pass. */
static void remember(const struct lb_copytree *c, struct lb_copynode *n, const struct stat *st,
		     const struct timespec *seen_at)
{
	int64_t age_ns = (int64_t)(seen_at->tv_sec - st->st_ctim.tv_sec) * 1000000000 +
			 (seen_at->tv_nsec - st->st_ctim.tv_nsec);

	n->st = *st;
	n->pass = c->pass;
	if (age_ns < SAME_TICK_NS)
		n->st.st_ctim = (struct timespec){0};
}

/* Somebody who works on the overlay already has written it since. */
static bool is_newer(const struct lb_copyentry *e)
{
	struct stat st;

	return fstatat(e->to, e->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_mtim.tv_sec > e->st.st_mtim.tv_sec;
}

static int copy_file(struct lb_copytree *c, const struct lb_copyentry *e)
{
	char path[PATH_MAX];

	if (c->merged && is_newer(e))
		return 0;
	c->changes++;
	if (S_ISSOCK(e->st.st_mode))
		return 0;
	if (c->merged && lb_copy_is_whiteout(&e->st))
		return lb_copy_remove(e);
	if (S_ISREG(e->st.st_mode) && e->st.st_nlink > 1) {
		const struct lb_copynode *n = node_by_inode(c, c->top, e->st.st_ino);

		if (n && node_path(n, path))
			return lb_copy_link(e, c->to, path);
	}
	return lb_copy_file(e);
}

static int pass_below(struct lb_copytree *c, int from, int to, struct lb_copynode *dir,
		      unsigned depth);

/* Never into something that is mounted in the target. */
static int open_target(int to, const char *name)
{
	const struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				     .resolve = RESOLVE_NO_XDEV};
	long fd = syscall(SYS_openat2, to, name, &how, sizeof(how));

	return fd < 0 ? -1 : (int)fd;
}

static int make_dir(struct lb_copytree *c, const struct lb_copyentry *e, bool is_new)
{
	struct stat st;
	int rc = 0;
	bool there = fstatat(e->to, e->name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	/* In a mounted overlay the directory may be the lower layer's, and only the opaque one
	 * takes its place. */
	if (there && (!S_ISDIR(st.st_mode) || lb_copy_is_opaque(e))) {
		rc = lb_copy_remove(e);
		there = false;
	}
	if (rc == 0 && !there && mkdirat(e->to, e->name, 0700) < 0)
		rc = lb_err_from_errno(errno);
	c->changes += is_new;
	return rc;
}

static int pass_dir(struct lb_copytree *c, const struct lb_copyentry *e, struct lb_copynode *n,
		    bool is_new, unsigned depth)
{
	bool changed = is_new || !is_same(&n->st, &e->st);
	CLEANUP(lb_fd_closep) int from = -1;
	CLEANUP(lb_fd_closep) int to = -1;
	int rc = 0;

	if (depth == DEPTH_MAX)
		return LB_E(RANGE);
	if (!is_new && c->merged && n->st.st_ino != e->st.st_ino && lb_copy_is_opaque(e)) {
		free_children(n);
		is_new = true;
	}
	from = openat(e->from, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return lb_err_from_errno(errno);
	if (is_new)
		rc = make_dir(c, e, is_new);
	if (rc < 0)
		return rc;
	to = open_target(e->to, e->name);
	if (to < 0)
		return errno == EXDEV ? 0 : lb_err_from_errno(errno);
	rc = pass_below(c, from, to, n, depth + 1);
	if (rc == 0 && changed)
		rc = lb_copy_attributes(e, e->name);
	return rc;
}

static int remove_gone(struct lb_copytree *c, int to, struct lb_copynode *dir)
{
	for (struct lb_copynode **at = &dir->children; *at;) {
		struct lb_copynode *n = *at;
		const struct lb_copyentry e = {.from = -1, .to = to, .name = n->name};
		int rc = 0;

		if (n->pass == c->pass) {
			at = &n->next;
			continue;
		}
		if (!S_ISSOCK(n->st.st_mode) && !(c->merged && lb_copy_is_whiteout(&n->st)))
			rc = lb_copy_remove(&e);
		if (rc < 0)
			return rc;
		c->changes++;
		*at = n->next;
		n->next = NULL;
		node_free(n);
	}
	return 0;
}

/* *at: the entry before, and afterwards this one. */
static int pass_entry(struct lb_copytree *c, struct lb_copyentry *e, struct lb_copynode *dir,
		      struct lb_copynode **at, unsigned depth)
{
	struct lb_copynode *n = node_find(dir, *at, e->name);
	struct timespec seen_at;
	bool is_new = !n;
	int rc = 0;

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &seen_at);
	if (fstatat(e->from, e->name, &e->st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : lb_err_from_errno(errno);
	if (is_new) {
		n = node_new(dir, e->name);
		if (!n)
			return LB_E(NOSPC);
		node_insert(dir, *at, n);
	} else if (S_ISDIR(n->st.st_mode) != S_ISDIR(e->st.st_mode)) {
		free_children(n);
		is_new = true;
	}
	if (S_ISDIR(e->st.st_mode))
		rc = pass_dir(c, e, n, is_new, depth);
	else if (is_new || !is_same(&n->st, &e->st))
		rc = copy_file(c, e);
	*at = n;
	if (rc == LB_E(NOENT) && fstatat(e->from, e->name, &e->st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* vanished meanwhile: what there is of its copy goes with it */
	remember(c, n, &e->st, &seen_at);
	return rc == LB_E(NOENT) ? LB_E(IO) : rc;
}

static bool is_passed_over(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	       strcmp(name, LB_COPY_BESIDE) == 0;
}

static int pass_below(struct lb_copytree *c, int from, int to, struct lb_copynode *dir,
		      unsigned depth)
{
	int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_NOATIME | O_CLOEXEC);
	CLEANUP(lb_dir_closep) DIR *d = again < 0 ? NULL : fdopendir(again);
	struct lb_copynode *at = NULL;
	struct dirent *entry;
	int rc = 0;

	if (!d)
		return lb_err_from_errno(errno);
	errno = 0;
	while (rc == 0 && (entry = readdir(d))) {
		struct lb_copyentry e = {.from = from,
					 .to = to,
					 .name = entry->d_name,
					 .merged = c->merged,
					 .go_on = c->go_on,
					 .ctx = c->ctx};

		if (is_passed_over(entry->d_name))
			continue;
		if (c->go_on)
			rc = c->go_on(c->ctx);
		if (rc == 0)
			rc = pass_entry(c, &e, dir, &at, depth);
		errno = 0;
	}
	if (rc == 0 && errno)
		rc = lb_err_from_errno(errno);
	return rc == 0 ? remove_gone(c, to, dir) : rc;
}

int lb_copytree_open(struct lb_copytree *c, const char *from, const char *to)
{
	CLEANUP(lb_fd_closep) int source = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(lb_fd_closep) int target = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct lb_copynode *top;

	if (source < 0 || target < 0)
		return lb_err_from_errno(errno);
	top = node_new(NULL, "");
	if (!top)
		return LB_E(NOSPC);
	c->from = lb_fd_take(&source);
	c->to = lb_fd_take(&target);
	c->top = top;
	c->merged = false;
	c->pass = 0;
	return 0;
}

void lb_copytree_closep(struct lb_copytree *c)
{
	lb_fd_closep(&c->from);
	lb_fd_closep(&c->to);
	c->from = c->to = -1;
	if (c->top)
		node_free(c->top);
	c->top = NULL;
}

int lb_copytree_into_overlay(struct lb_copytree *c, const char *root)
{
	CLEANUP(lb_fd_closep) int to = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (to < 0)
		return lb_err_from_errno(errno);
	lb_fd_closep(&c->to);
	c->to = lb_fd_take(&to);
	c->merged = true;
	return 0;
}

int lb_copytree_pass(struct lb_copytree *c)
{
	struct lb_copyentry e = {.from = c->from, .to = c->to, .name = ".", .merged = c->merged};
	int rc;

	c->pass++;
	c->changes = 0;
	rc = pass_below(c, c->from, c->to, c->top, 0);
	if (rc < 0)
		return rc;
	if (fstatat(c->from, ".", &e.st, 0) < 0)
		return lb_err_from_errno(errno);
	if (is_same(&e.st, &c->top->st))
		return 0;
	c->top->st = e.st;
	return lb_copy_attributes(&e, ".");
}
