#include "plat/linux/disk/btrfs.h"

#include <btrfsutil.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"

#define TMP    ".lifeboat.tmp"
#define BESIDE "user.lifeboat.content" /* of a file that is empty */
#define MAKE   (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

/* The library sets errno. */
static int result(enum btrfs_util_error err)
{
	if (err == BTRFS_UTIL_OK)
		return 0;
	if (err == BTRFS_UTIL_ERROR_SUBVOLUME_NOT_FOUND || err == BTRFS_UTIL_ERROR_NOT_SUBVOLUME)
		return LB_E(NOENT);
	return errno == ENOTEMPTY ? LB_E(STATE) : lb_err_from_errno(errno);
}

static int of_errno(int rc)
{
	return rc < 0 ? lb_err_from_errno(errno) : 0;
}

int lb_btrfs_open_subvolume(const struct lb_btrfs *b, const char *name)
{
	int fd = openat(b->top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? lb_err_from_errno(errno) : fd;
}

static bool is_subvolume(int top, const char *name)
{
	struct stat st;

	return fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_ino == BTRFS_FIRST_FREE_OBJECTID;
}

static int do_list(void *ctx, plat_snapshot_entry *entry, void *arg)
{
	const struct lb_btrfs *b = ctx;
	int fd = openat(b->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(lb_dir_closep) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return lb_err_from_errno(errno);
	while (errno = 0, (d = readdir(dir)))
		if (d->d_type == DT_REG)
			entry(arg, d->d_name, PLAT_SNAPSHOT_FILE);
		else if (d->d_type == DT_DIR && is_subvolume(b->top, d->d_name))
			entry(arg, d->d_name, PLAT_SNAPSHOT_SUBVOLUME);
		else
			entry(arg, d->d_name, PLAT_SNAPSHOT_OTHER);
	return errno ? lb_err_from_errno(errno) : 0;
}

static int do_id(void *ctx, const char *name, uint64_t *out)
{
	const struct lb_btrfs *b = ctx;
	CLEANUP(lb_fd_closep) int fd = lb_btrfs_open_subvolume(b, name);

	return fd < 0 ? fd : result(btrfs_util_subvolume_id_fd(fd, out));
}

static bool same_fs(int a, int b)
{
	struct btrfs_ioctl_fs_info_args x = {0}, y = {0};

	return ioctl(a, BTRFS_IOC_FS_INFO, &x) == 0 && ioctl(b, BTRFS_IOC_FS_INFO, &y) == 0 &&
	       memcmp(x.fsid, y.fsid, sizeof(x.fsid)) == 0;
}

static int do_runs(void *ctx, const char *name)
{
	const struct lb_btrfs *b = ctx;
	CLEANUP(lb_fd_closep) int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t id, running;
	int rc = do_id(ctx, name, &id);

	if (rc < 0)
		return rc == LB_E(NOENT) ? 0 : rc;
	if (root < 0 || !same_fs(root, b->top))
		return 0;
	rc = result(btrfs_util_subvolume_id_fd(root, &running));
	return rc < 0 ? rc : running == id;
}

static int do_held(void *ctx, const char *name)
{
	CLEANUP(lb_fd_closep) int fd = lb_btrfs_open_subvolume(ctx, name);
	int rc = fd < 0 ? fd : lb_btrfs_hold(fd);

	if (rc == LB_E(BUSY))
		return 1;
	return rc == LB_E(NOENT) ? 0 : rc;
}

static int do_make(void *ctx, const char *name)
{
	const struct lb_btrfs *b = ctx;

	return result(btrfs_util_create_subvolume_fd(b->top, name, 0, NULL, NULL));
}

static int do_copy(void *ctx, const char *from, const char *to, bool read_only)
{
	const struct lb_btrfs *b = ctx;
	CLEANUP(lb_fd_closep) int fd = lb_btrfs_open_subvolume(b, from);

	return fd < 0 ? fd
		      : result(btrfs_util_create_snapshot_fd2(
				fd, b->top, to,
				read_only ? BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY : 0, NULL, NULL));
}

static int do_exchange(void *ctx, const char *a, const char *b_name)
{
	const struct lb_btrfs *b = ctx;

	return of_errno(renameat2(b->top, a, b->top, b_name, RENAME_EXCHANGE));
}

static int do_rename(void *ctx, const char *from, const char *to)
{
	const struct lb_btrfs *b = ctx;

	return of_errno(renameat2(b->top, from, b->top, to, RENAME_NOREPLACE));
}

static int do_drop(void *ctx, const char *name, bool all)
{
	const struct lb_btrfs *b = ctx;

	if (!is_subvolume(b->top, name))
		return LB_E(NOENT);
	return result(btrfs_util_delete_subvolume_fd(
		b->top, name, all ? BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE : 0));
}

static void free_iterator(struct btrfs_util_subvolume_iterator **i)
{
	if (*i)
		btrfs_util_destroy_subvolume_iterator(*i);
}

struct paths {
	char **all;
	size_t count;
};

static void free_paths(struct paths *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->all[i]);
	free(p->all);
}

/* Parents come before what is in them. */
static bool is_inside_last(const struct paths *p, const char *path)
{
	const char *last = p->count > 0 ? p->all[p->count - 1] : "";
	size_t n = strlen(last);

	return n > 0 && strncmp(path, last, n) == 0 && path[n] == '/';
}

static int collect(int fd, struct paths *paths)
{
	CLEANUP(free_iterator) struct btrfs_util_subvolume_iterator *i = NULL;
	int rc = result(btrfs_util_create_subvolume_iterator_fd(fd, 0, 0, &i));

	while (rc == 0) {
		char *path = NULL, **more;
		enum btrfs_util_error err = btrfs_util_subvolume_iterator_next(i, &path, NULL);

		if (err == BTRFS_UTIL_ERROR_STOP_ITERATION)
			break;
		rc = result(err);
		if (rc == 0 && is_inside_last(paths, path)) {
			free(path);
			continue;
		}
		more = rc == 0 ? reallocarray(paths->all, paths->count + 1, sizeof(*more)) : NULL;
		if (!more) {
			free(path);
			return rc < 0 ? rc : LB_E(NOSPC);
		}
		paths->all = more;
		paths->all[paths->count++] = path;
	}
	return rc;
}

static int do_nested(void *ctx, const char *name, plat_snapshot_nested *found, void *arg)
{
	CLEANUP(free_paths) struct paths paths = {0};
	CLEANUP(lb_fd_closep) int fd = lb_btrfs_open_subvolume(ctx, name);
	int rc = fd < 0 ? fd : collect(fd, &paths);

	for (size_t i = 0; rc == 0 && i < paths.count; i++)
		rc = found(arg, paths.all[i]);
	return rc;
}

/* The directory that `path` lies in, without following links: they would lead out of this tree and
 * into the one that runs. */
static int open_above(int top, const char *subvolume, const char *path, const char **name)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	const char *slash = strrchr(path, '/');
	char above[PATH_MAX];
	long fd;

	*name = slash ? slash + 1 : path;
	if (snprintf(above, sizeof(above), "%s/%.*s", subvolume, slash ? (int)(slash - path) : 0,
		     path) >= (int)sizeof(above))
		return LB_E(NOENT);
	fd = syscall(SYS_openat2, top, above, &how, sizeof(how));
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? LB_E(NOENT)
			       : lb_err_from_errno(errno);
	return (int)fd;
}

/* A directory that moves gets another "..": the kernel asks whether it may be written to. errno. */
static int move_read_only(int source, int target, const char *name)
{
	CLEANUP(lb_fd_closep)
	int fd = openat(source, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int err;

	if (fd < 0 || btrfs_util_set_subvolume_read_only_fd(fd, false) != BTRFS_UTIL_OK)
		return -1;
	err = renameat(source, name, target, name) < 0 ? errno : 0;
	(void)btrfs_util_set_subvolume_read_only_fd(fd, true);
	errno = err;
	return err ? -1 : 0;
}

/* Over the empty directory that a snapshot has in place of a subvolume, as rename(2) may. */
static int do_move(void *ctx, const char *from, const char *to, const char *path)
{
	const struct lb_btrfs *b = ctx;
	const char *name;
	CLEANUP(lb_fd_closep) int source = open_above(b->top, from, path, &name);
	CLEANUP(lb_fd_closep) int target = open_above(b->top, to, path, &name);

	if (source < 0 || target < 0)
		return source < 0 ? source : target;
	if (renameat(source, name, target, name) == 0 ||
	    (errno == EROFS && move_read_only(source, target, name) == 0))
		return 0;
	switch (errno) {
	case ENOTEMPTY:
	case ENOTDIR:
	case EEXIST:
		return LB_E(EXIST);
	default:
		return lb_err_from_errno(errno);
	}
}

static int do_read(void *ctx, const char *file, void *buf, size_t size)
{
	const struct lb_btrfs *b = ctx;
	CLEANUP(lb_fd_closep)
	int fd = openat(b->top, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return lb_err_from_errno(errno);
	if (fstat(fd, &st) < 0)
		return lb_err_from_errno(errno);
	if (!S_ISREG(st.st_mode))
		return LB_E(FORMAT);
	if (st.st_size > (off_t)size)
		return LB_E(NOSPC);
	n = st.st_size > 0 ? read(fd, buf, size) : fgetxattr(fd, BESIDE, buf, size);
	if (n < 0 && errno == ENODATA)
		return 0;
	return n < 0 ? lb_err_from_errno(errno) : (int)n;
}

/* Is the content beside the file's name in the tree that the next commit stores? Asking brings it
 * there. */
static bool is_inline(int fd)
{
	union {
		struct fiemap map;
		uint8_t bytes[sizeof(struct fiemap) + sizeof(struct fiemap_extent)];
	} u = {.map = {.fm_length = FIEMAP_MAX_OFFSET,
		       .fm_flags = FIEMAP_FLAG_SYNC,
		       .fm_extent_count = 1}};
	struct fiemap_extent extent;

	if (ioctl(fd, FS_IOC_FIEMAP, &u.map) < 0 || u.map.fm_mapped_extents != 1)
		return false;
	memcpy(&extent, u.bytes + sizeof(struct fiemap), sizeof(extent));
	return (extent.fe_flags & FIEMAP_EXTENT_DATA_INLINE) &&
	       (extent.fe_flags & FIEMAP_EXTENT_LAST);
}

/* An fsync() takes as long as a commit, and one of those follows anyhow. */
static int write_all(int fd, const void *buf, size_t n)
{
	ssize_t written = write(fd, buf, n);

	if (written != (ssize_t)n)
		return written < 0 ? lb_err_from_errno(errno) : LB_E(NOSPC);
	return is_inline(fd) ? 0 : of_errno(fsync(fd));
}

/* Where no byte of a file fits any more there may be room for snapshots and names still: then the
 * content goes where those are. Who has filled his card is whom a rollback helps. */
static int write_beside(int fd, const void *buf, size_t n)
{
	return of_errno(fsetxattr(fd, BESIDE, buf, n, 0));
}

static int write_new(const struct lb_btrfs *b, const char *file, const void *buf, size_t n)
{
	CLEANUP(lb_fd_closep) int fd = openat(b->top, file, MAKE, 0644);
	int rc;

	if (fd < 0)
		return lb_err_from_errno(errno);
	rc = write_all(fd, buf, n);
	if (rc < 0)
		(void)unlinkat(b->top, file, 0);
	return rc;
}

static int replace(const struct lb_btrfs *b, const char *file, const void *buf, size_t n,
		   int (*put)(int fd, const void *buf, size_t n))
{
	CLEANUP(lb_fd_closep) int fd = -1;
	int rc;

	(void)unlinkat(b->top, TMP, 0);
	fd = openat(b->top, TMP, MAKE, 0644);
	if (fd < 0)
		return lb_err_from_errno(errno);
	rc = put(fd, buf, n);
	if (rc == 0)
		rc = of_errno(renameat(b->top, TMP, b->top, file));
	if (rc < 0)
		(void)unlinkat(b->top, TMP, 0);
	return rc;
}

static int do_write(void *ctx, const char *file, const void *buf, size_t n)
{
	const struct lb_btrfs *b = ctx;
	int rc = write_new(b, file, buf, n);

	if (rc == LB_E(EXIST))
		rc = replace(b, file, buf, n, write_all);
	return rc == LB_E(NOSPC) ? replace(b, file, buf, n, write_beside) : rc;
}

static int do_unlink(void *ctx, const char *file)
{
	const struct lb_btrfs *b = ctx;

	if (unlinkat(b->top, file, 0) < 0 && errno != ENOENT)
		return lb_err_from_errno(errno);
	return 0;
}

static int do_sync(void *ctx)
{
	const struct lb_btrfs *b = ctx;

	return of_errno(syncfs(b->top));
}

void lb_btrfs_reclaim(const struct lb_btrfs *b)
{
	(void)ioctl(b->top, BTRFS_IOC_SYNC);
}

static int lock(int fd, int how)
{
	int rc;

	do
		rc = flock(fd, how);
	while (rc < 0 && errno == EINTR);
	return rc < 0 && errno == EWOULDBLOCK ? LB_E(BUSY) : of_errno(rc);
}

int lb_btrfs_lock(const struct lb_btrfs *b, bool exclusive, bool wait)
{
	return lock(b->top, (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB));
}

void lb_btrfs_unlock(const struct lb_btrfs *b)
{
	(void)flock(b->top, LOCK_UN);
}

int lb_btrfs_hold(int subvolume)
{
	return lock(subvolume, LOCK_EX | LOCK_NB);
}

/* Items of the quota tree, one after the other: what is counted for one subvolume. */
static void take_items(const struct btrfs_ioctl_search_args_v2 *args,
		       struct btrfs_ioctl_search_key *last, lb_btrfs_size *each, void *ctx)
{
	struct lb_rd r = lb_rd_init(args->buf, args->buf_size);

	for (uint32_t i = 0; i < args->key.nr_items; i++) {
		struct btrfs_ioctl_search_header h;
		const uint8_t *head = lb_rd_take(&r, sizeof(h));
		struct lb_rd item;

		if (!head)
			return;
		memcpy(&h, head, sizeof(h));
		item = lb_rd_sub(&r, h.len);
		last->min_offset = h.offset + 1;
		if (h.type != BTRFS_QGROUP_INFO_KEY)
			continue;
		/* generation, rfer, rfer_cmpr: what comes next is the exclusive size */
		(void)lb_rd_take(&item, offsetof(struct btrfs_qgroup_info_item, excl));
		uint64_t bytes = lb_rd_le64(&item);
		if (!item.bad)
			each(ctx, h.offset, bytes);
	}
}

int lb_btrfs_sizes(const struct lb_btrfs *b, lb_btrfs_size *each, void *ctx)
{
	static union {
		struct btrfs_ioctl_search_args_v2 args;
		uint8_t bytes[65536];
	} search;
	struct btrfs_ioctl_search_key key = {.tree_id = BTRFS_QUOTA_TREE_OBJECTID,
					     .min_type = BTRFS_QGROUP_INFO_KEY,
					     .max_type = BTRFS_QGROUP_INFO_KEY,
					     .max_offset = UINT64_MAX,
					     .max_transid = UINT64_MAX,
					     .nr_items = UINT32_MAX};

	for (;;) {
		search.args.key = key;
		search.args.buf_size = sizeof(search) - sizeof(search.args);
		if (ioctl(b->top, BTRFS_IOC_TREE_SEARCH_V2, &search.args) < 0)
			return lb_err_from_errno(errno);
		if (search.args.key.nr_items == 0)
			return 0;
		take_items(&search.args, &key, each, ctx);
	}
}

int lb_btrfs_mount(const struct lb_btrfs *b, const char *name, const char *where)
{
	char options[64];

	if (mkdir(where, 0755) < 0 && errno != EEXIST)
		return lb_err_from_errno(errno);
	(void)snprintf(options, sizeof(options), "subvol=/%.40s", name);
	return of_errno(mount(b->device, where, "btrfs", b->read_only ? MS_RDONLY : 0, options));
}

/* A descriptor of the mount, or -1 and errno. */
static int mount_top(const char *device, bool read_only)
{
	CLEANUP(lb_fd_closep) int fs = fsopen("btrfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", device, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "subvolid", "5", 0) < 0 ||
	    (read_only && fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, read_only ? MOUNT_ATTR_RDONLY : 0);
}

/* What the kernel says of a device or of a file system that it has made read-only, by version. */
static bool says_read_only(int err)
{
	return err == EROFS || err == EACCES || err == EBUSY;
}

int lb_btrfs_open(struct lb_btrfs *b, const char *device)
{
	CLEANUP(lb_fd_closep) int at = mount_top(device, false);
	bool read_only = false;
	int err = errno;

	if (at < 0 && says_read_only(err)) {
		at = mount_top(device, true);
		read_only = at >= 0;
	}
	if (at < 0)
		return lb_err_from_errno(err);
	b->top = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->top < 0)
		return lb_err_from_errno(errno);
	b->read_only = read_only;
	(void)snprintf(b->device, sizeof(b->device), "%s", device);
	return 0;
}

void lb_btrfs_closep(struct lb_btrfs *b)
{
	lb_fd_closep(&b->top);
	b->top = -1;
}

struct plat_snapshots lb_btrfs_plat(struct lb_btrfs *b)
{
	return (struct plat_snapshots){
		.ctx = b,
		.list = do_list,
		.id = do_id,
		.runs = do_runs,
		.held = do_held,
		.make = do_make,
		.copy = do_copy,
		.exchange = do_exchange,
		.rename = do_rename,
		.drop = do_drop,
		.nested = do_nested,
		.move = do_move,
		.read = do_read,
		.write = do_write,
		.unlink = do_unlink,
		.sync = do_sync,
	};
}
