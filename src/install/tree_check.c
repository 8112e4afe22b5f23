#include "install/tree_check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "install/tree_entry.h"

#define PIPE_BYTES	(1 << 20)
#define BLOCK_BYTES	4096
#define INLINE_MAX	2048  /* a shorter file lies beside its name (max_inline of btrfs) */
#define META_BYTES	450   /* inode, its two entries in the directory, where its data are */
#define META_NAME_TIMES 3     /* that its name stands there */
#define XATTR_MAX	15000 /* an item of a btrfs has to fit into a node of 16 KiB */

enum kind {
	KIND_NONE,
	KIND_DIR,
	KIND_LINK,
	KIND_OTHER
};

PRINTF_LIKE(3, 4)
static int fail(struct lb_tree_check *c, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(c->why, sizeof(c->why), fmt, args);
	va_end(args);
	return err;
}

/* --- what there is so far */

static uint64_t hash_of(const char *path)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (; *path; path++)
		h = (h ^ (uint8_t)*path) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	return (h | 4) & ~UINT64_C(3); /* 0 is a free place */
}

static uint64_t *place_of(uint64_t *names, size_t size, uint64_t hash)
{
	size_t i = (size_t)(hash >> 2) & (size - 1);

	while (names[i] && (names[i] & ~UINT64_C(3)) != hash)
		i = (i + 1) & (size - 1);
	return &names[i];
}

static enum kind kind_of(const struct lb_tree_check *c, const char *path)
{
	if (!path[0])
		return KIND_DIR;
	return (enum kind)(*place_of(c->names, c->names_size, hash_of(path)) & 3);
}

static int grow(struct lb_tree_check *c)
{
	const size_t size = c->names_size * 2;
	uint64_t *names = calloc(size, sizeof(*names));

	if (!names)
		return fail(c, LB_E(NOSPC), "needs more memory than there is");
	for (size_t i = 0; i < c->names_size; i++)
		if (c->names[i])
			*place_of(names, size, c->names[i] & ~UINT64_C(3)) = c->names[i];
	free(c->names);
	c->names = names;
	c->names_size = size;
	return 0;
}

static int put(struct lb_tree_check *c, const char *path, enum kind kind)
{
	const uint64_t hash = hash_of(path);
	uint64_t *at = place_of(c->names, c->names_size, hash);

	c->names_used += *at == 0;
	*at = hash | (uint64_t)kind;
	return c->names_used > c->names_size / 2 ? grow(c) : 0;
}

/* --- one entry */

static int count_entry(struct lb_tree_check *c)
{
	if (++c->entries <= LB_TREE_ENTRIES_MAX)
		return 0;
	return fail(c, LB_E(RANGE), "holds more than %llu entries",
		    (unsigned long long)LB_TREE_ENTRIES_MAX);
}

/* What is no content is there twice, and nodes are not quite full. */
static void count_room(struct lb_tree_check *c, const char *path, uint64_t content, uint64_t xattrs)
{
	const char *slash = strrchr(path, '/');
	const size_t name = strlen(slash ? slash + 1 : path);
	uint64_t meta = META_BYTES + META_NAME_TIMES * name + xattrs;

	if (content <= INLINE_MAX)
		meta += content;
	else
		c->room_bytes += (content + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
	c->room_bytes += meta * 9 / 4;
}

static int make_parent(struct lb_tree_check *c, const char *path)
{
	int rc = count_entry(c);

	count_room(c, path, 0, 0);
	return rc < 0 ? rc : put(c, path, KIND_DIR);
}

/* Directories that are missing are made. */
static int enter_parents(struct lb_tree_check *c, char *path, bool makes)
{
	for (char *slash = path; (slash = strchr(slash, '/')); slash++) {
		enum kind kind;
		int rc = 0;

		*slash = '\0';
		kind = kind_of(c, path);
		if (kind == KIND_NONE && makes)
			rc = make_parent(c, path);
		else if (kind != KIND_DIR)
			rc = fail(c, kind == KIND_NONE ? LB_E(NOENT) : LB_E(AUTH),
				  "holds something behind a link: %.120s", path);
		*slash = '/';
		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool has_long_part(const char *path)
{
	for (; *path; path += *path == '/') {
		const size_t n = strcspn(path, "/");

		if (n > NAME_MAX)
			return true;
		path += n;
	}
	return false;
}

static int look_at_hard_link(struct lb_tree_check *c, const char *target, const char *path)
{
	char clean[PATH_MAX];
	int rc = lb_tree_clean_path(clean, target);
	enum kind kind;

	if (rc < 0)
		return fail(c, rc, "holds a link that leads elsewhere: %.120s", target);
	rc = enter_parents(c, clean, false);
	if (rc < 0)
		return rc;
	kind = strcmp(clean, path) == 0 ? KIND_NONE : kind_of(c, clean);
	if (kind == KIND_NONE || kind == KIND_DIR)
		return fail(c, LB_E(NOENT), "holds a link to what is not there before it: %.120s",
			    target);
	return put(c, path, kind);
}

static int look_at_symlink(struct lb_tree_check *c, const char *target, const char *path)
{
	const size_t n = strlen(target);

	if (n == 0 || n >= PATH_MAX)
		return fail(c, LB_E(RANGE), "holds a link whose target is %s: %.120s",
			    n ? "too long" : "empty", path);
	return put(c, path, KIND_LINK);
}

static int enter_dir(struct lb_tree_check *c, const char *path)
{
	c->dir_path_bytes += strlen(path);
	if (c->dir_path_bytes > LB_TREE_DIR_BYTES_MAX)
		return fail(c, LB_E(RANGE), "holds more than %llu MiB of names of directories",
			    (unsigned long long)(LB_TREE_DIR_BYTES_MAX >> 20));
	return put(c, path, KIND_DIR);
}

static int look_at_kind(struct lb_tree_check *c, struct archive_entry *e, const char *path)
{
	const char *hard = lb_tree_hard_link(e);
	const mode_t type = archive_entry_filetype(e);
	const enum kind before = kind_of(c, path);

	if (!hard && type == AE_IFDIR && (before == KIND_NONE || before == KIND_DIR))
		return enter_dir(c, path);
	if (before == KIND_DIR || (!hard && type == AE_IFDIR))
		return fail(c, LB_E(EXIST),
			    "holds a directory and something else of one name: %.120s", path);
	if (hard)
		return look_at_hard_link(c, hard, path);
	if (type == AE_IFLNK)
		return look_at_symlink(c, lb_tree_symlink(e), path);
	if (type == AE_IFREG || type == AE_IFCHR || type == AE_IFBLK || type == AE_IFIFO)
		return put(c, path, KIND_OTHER);
	return fail(c, LB_E(UNSUP), "holds something that is no file of a tree: %.120s", path);
}

/* Does a btrfs keep it on a file of that kind? */
static bool is_kept(const char *xattr, mode_t type)
{
	const bool plain = type == AE_IFREG || type == AE_IFDIR;

	if (strncmp(xattr, "security.", 9) == 0 || strncmp(xattr, "trusted.", 8) == 0)
		return true;
	return plain && (strncmp(xattr, "user.", 5) == 0 || strncmp(xattr, "btrfs.", 6) == 0 ||
			 strncmp(xattr, "system.posix_acl_", 17) == 0);
}

/* 0 with their bytes in *bytes. */
static int look_at_xattrs(struct lb_tree_check *c, struct archive_entry *e, const char *path,
			  uint64_t *bytes)
{
	const void *value;
	const char *xattr;
	size_t n;

	*bytes = 0;
	if (archive_entry_xattr_reset(e) == 0)
		return 0;
	while (archive_entry_xattr_next(e, &xattr, &value, &n) == ARCHIVE_OK) {
		if (!is_kept(xattr, archive_entry_filetype(e)) || n > XATTR_MAX)
			return fail(
				c, LB_E(UNSUP),
				"holds an extended attribute that a btrfs does not keep, %.60s: "
				"%.100s",
				xattr, path);
		*bytes += META_BYTES + strlen(xattr) + n;
	}
	return 0;
}

/* Without its holes. */
static int content_of(struct lb_tree_check *c, struct archive_entry *e, const char *path,
		      uint64_t *bytes)
{
	int64_t at, n, size = archive_entry_size(e);

	if (lb_tree_hard_link(e) || archive_entry_filetype(e) != AE_IFREG)
		size = 0;
	if (size > 0 && archive_entry_sparse_reset(e) > 0) {
		size = 0;
		while (size >= 0 && archive_entry_sparse_next(e, &at, &n) == ARCHIVE_OK)
			size = n < 0 || n > INT64_MAX - BLOCK_BYTES - size ? -1 : size + n;
	}
	if (size < 0)
		return fail(c, LB_E(FORMAT), "is damaged: %.120s", path);
	*bytes = (uint64_t)size;
	return 0;
}

static int look_at_entry(struct lb_tree_check *c, struct archive_entry *e)
{
	const char *given = lb_tree_name(e);
	uint64_t content = 0, xattrs = 0;
	char path[PATH_MAX];
	int rc;

	if (!given)
		return fail(c, LB_E(FORMAT), "holds an entry without a name");
	rc = lb_tree_clean_path(path, given);
	if (rc < 0)
		return fail(c, rc, "holds a path that leads elsewhere: %.120s", given);
	if (has_long_part(path))
		return fail(c, LB_E(RANGE), "holds a name that is too long: %.120s", path);
	rc = count_entry(c);
	if (rc == 0 && path[0]) {
		rc = enter_parents(c, path, true);
		if (rc == 0)
			rc = look_at_kind(c, e, path);
	}
	if (rc == 0 && !lb_tree_hard_link(e))
		rc = look_at_xattrs(c, e, path, &xattrs);
	if (rc == 0)
		rc = content_of(c, e, path, &content);
	if (rc == 0)
		count_room(c, path, content, xattrs);
	return rc;
}

/* --- all of them */

static int look_at_all(struct lb_tree_check *c)
{
	CLEANUP(lb_tree_tar_freep) struct archive *a = archive_read_new();
	struct archive_entry *e;
	int rc = lb_tree_open_tar(a, c->from);

	while (rc == 0) {
		const int got = archive_read_next_header(a, &e);

		if (got == ARCHIVE_EOF)
			return 0;
		rc = got == ARCHIVE_OK || got == ARCHIVE_WARN ? look_at_entry(c, e) : LB_E(FORMAT);
	}
	return c->why[0] ? rc : fail(c, rc, "is damaged (tar)");
}

static void *run(void *ctx)
{
	struct lb_tree_check *c = ctx;
	static uint8_t rest[65536];

	c->result = look_at_all(c);
	/* Who feeds is not to be held up. */
	while (read(c->from, rest, sizeof(rest)) > 0)
		;
	return NULL;
}

static void release(struct lb_tree_check *c)
{
	lb_fd_closep(&c->from);
	free(c->names);
	c->names = NULL;
}

int lb_tree_check_begin(struct lb_tree_check *c)
{
	int ends[2];

	*c = (struct lb_tree_check){.names_size = 4096};
	c->names = calloc(c->names_size, sizeof(*c->names));
	if (!c->names)
		return LB_E(NOSPC);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		free(c->names);
		return lb_err_from_errno(errno);
	}
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
	c->from = ends[0];
	c->to = ends[1];
	if (pthread_create(&c->thread, NULL, run, c) == 0)
		return 0;
	lb_fd_closep(&c->to);
	release(c);
	return LB_E(NOSPC);
}

void lb_tree_check_feed(void *check, const uint8_t *data, size_t n)
{
	const struct lb_tree_check *c = check;

	for (size_t done = 0; done < n;) {
		const ssize_t w = write(c->to, data + done, n - done);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return;
		done += (size_t)w;
	}
}

int lb_tree_check_end(struct lb_tree_check *c)
{
	lb_fd_closep(&c->to);
	(void)pthread_join(c->thread, NULL);
	release(c);
	return c->result;
}
