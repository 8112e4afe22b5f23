#include "plat/linux/storage/settingsdir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/tree.h"

#define NUMBER_BYTES 16

int lb_archive_file_open(struct lb_archive_file *f, const char *path)
{
	struct stat st;

	f->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (f->fd < 0)
		return lb_err_from_errno(errno);
	if (fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode))
		return 0;
	lb_archive_file_closep(f);
	return LB_E(FORMAT);
}

void lb_archive_file_closep(struct lb_archive_file *f)
{
	lb_fd_closep(&f->fd);
	f->fd = -1;
}

static int archive_rewind(void *ctx)
{
	const struct lb_archive_file *f = ctx;

	return lseek(f->fd, 0, SEEK_SET) < 0 ? lb_err_from_errno(errno) : 0;
}

static int archive_read(void *ctx, void *buf, size_t n)
{
	const struct lb_archive_file *f = ctx;
	ssize_t got;

	do
		got = read(f->fd, buf, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? lb_err_from_errno(errno) : (int)got;
}

struct plat_archive lb_archive_file_plat(struct lb_archive_file *f)
{
	return (struct plat_archive){.ctx = f, .rewind = archive_rewind, .read = archive_read};
}

static int do_free_bytes(void *ctx, uint64_t *out)
{
	const struct lb_settingsdir *d = ctx;
	struct statvfs v;

	if (fstatvfs(d->root, &v) < 0)
		return lb_err_from_errno(errno);
	*out = (uint64_t)v.f_bavail * v.f_frsize;
	return 0;
}

/* Through real directories of the root's own file system only: no link, no mount, no "..". */
static int open_below(int top, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_NOFOLLOW | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
	long fd = syscall(SYS_openat2, top, path, &how, sizeof(how));

	return (int)fd;
}

/* Splits a path: the directory above, and the name in it. */
static const char *split(const char *path, char above[LB_MEMBER_PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash) {
		(void)strcpy(above, ".");
		return path;
	}
	memcpy(above, path, (size_t)(slash - path));
	above[slash - path] = '\0';
	return slash + 1;
}

static int do_look(void *ctx, const char *path)
{
	const struct lb_settingsdir *d = ctx;
	char above[LB_MEMBER_PATH_MAX];
	const char *name = split(path, above);
	CLEANUP(lb_fd_closep) int dir = open_below(d->root, above, O_PATH | O_DIRECTORY);
	struct stat st, dir_st;

	if (dir < 0 && errno == ENOENT)
		return LB_PLACE_NOTHING;
	if (dir < 0)
		return errno == ELOOP || errno == EXDEV || errno == ENOTDIR
			       ? LB_E(STATE)
			       : lb_err_from_errno(errno);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? LB_PLACE_NOTHING : lb_err_from_errno(errno);
	if (!S_ISDIR(st.st_mode))
		return LB_PLACE_FILE;
	if (fstat(dir, &dir_st) < 0)
		return lb_err_from_errno(errno);
	return st.st_dev == dir_st.st_dev ? (int)LB_PLACE_DIR : LB_E(STATE);
}

static int do_rom_read(void *ctx, const char *path, void *buf, size_t size)
{
	const struct lb_settingsdir *d = ctx;
	CLEANUP(lb_fd_closep) int fd = d->rom < 0 ? -1 : open_below(d->rom, path, O_RDONLY);
	size_t used = 0;
	ssize_t got = 0;

	if (fd < 0)
		return d->rom < 0 ? LB_E(NOENT) : lb_err_from_errno(errno);
	while (used < size && (got = read(fd, (char *)buf + used, size - used)) > 0)
		used += (size_t)got;
	if (got < 0)
		return lb_err_from_errno(errno);
	return used < size ? (int)used : LB_E(NOSPC);
}

static void close_fd(int *fd)
{
	lb_fd_closep(fd);
	*fd = -1;
}

static int do_stage_clear(void *ctx)
{
	struct lb_settingsdir *d = ctx;
	struct lb_tree_count count;
	char path[64];
	int rc;

	close_fd(&d->file);
	close_fd(&d->stage);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/" LB_SETTINGS_STAGE, d->root);
	if (unlinkat(d->root, LB_SETTINGS_STAGE, 0) == 0 || errno == ENOENT)
		return 0; /* there is none, or it was no directory */
	rc = lb_tree_delete(path, NULL, &count);
	if (rc == 0 && unlinkat(d->root, LB_SETTINGS_STAGE, AT_REMOVEDIR) < 0)
		rc = lb_err_from_errno(errno);
	return rc;
}

static int do_stage_make(void *ctx)
{
	struct lb_settingsdir *d = ctx;

	if (mkdirat(d->root, LB_SETTINGS_STAGE, 0700) < 0)
		return lb_err_from_errno(errno);
	d->stage = open_below(d->root, LB_SETTINGS_STAGE, O_RDONLY | O_DIRECTORY);
	return d->stage < 0 ? lb_err_from_errno(errno) : 0;
}

static const char *name_of(unsigned number, char out[NUMBER_BYTES])
{
	(void)snprintf(out, NUMBER_BYTES, "%u", number);
	return out;
}

/* For the time of the last access as well as of the last change. */
static void set_times(struct timespec t[2], int64_t modified_s)
{
	t[0] = t[1] = (struct timespec){.tv_sec = modified_s};
}

static int do_stage_open(void *ctx, unsigned number, const struct lb_member *m)
{
	struct lb_settingsdir *d = ctx;
	struct timespec times[2];
	char name[NUMBER_BYTES];

	set_times(times, m->modified_s);
	(void)name_of(number, name);
	if (m->type == LB_MEMBER_LINK) {
		if (symlinkat(m->target, d->stage, name) < 0 ||
		    fchownat(d->stage, name, m->uid, m->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		    utimensat(d->stage, name, times, AT_SYMLINK_NOFOLLOW) < 0)
			return lb_err_from_errno(errno);
		return 0;
	}
	d->file =
		openat(d->stage, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return d->file < 0 ? lb_err_from_errno(errno) : 0;
}

static int do_stage_write(void *ctx, const void *buf, size_t n)
{
	const struct lb_settingsdir *d = ctx;

	for (size_t done = 0; done < n;) {
		ssize_t more = write(d->file, (const char *)buf + done, n - done);

		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			return lb_err_from_errno(more < 0 ? errno : EIO);
		done += (size_t)more;
	}
	return 0;
}

static int do_stage_close(void *ctx, const struct lb_member *m)
{
	struct lb_settingsdir *d = ctx;
	struct timespec times[2];
	int rc = 0;

	set_times(times, m->modified_s);
	/* The owner first: a change of owner takes the set-user-ID bit away. */
	if (fchown(d->file, m->uid, m->gid) < 0 || fchmod(d->file, m->mode) < 0 ||
	    futimens(d->file, times) < 0)
		rc = lb_err_from_errno(errno);
	if (close(d->file) < 0 && rc == 0)
		rc = lb_err_from_errno(errno);
	d->file = -1;
	return rc;
}

/* The directory that a path lies in, made if it is missing. */
static int open_above(const struct lb_settingsdir *d, const char *path, const char **name)
{
	char above[LB_MEMBER_PATH_MAX];
	int fd;

	*name = split(path, above);
	for (size_t i = 1; above[i]; i++) {
		if (above[i] != '/')
			continue;
		above[i] = '\0';
		if (mkdirat(d->root, above, 0755) < 0 && errno != EEXIST)
			return lb_err_from_errno(errno);
		above[i] = '/';
	}
	if (mkdirat(d->root, above, 0755) < 0 && errno != EEXIST)
		return lb_err_from_errno(errno);
	fd = open_below(d->root, above, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? lb_err_from_errno(errno) : fd;
}

static int do_place(void *ctx, unsigned number, const struct lb_member *m)
{
	const struct lb_settingsdir *d = ctx;
	char staged[NUMBER_BYTES];
	const char *name;
	CLEANUP(lb_fd_closep) int dir = open_above(d, m->path, &name);

	if (dir < 0)
		return dir;
	if (renameat(d->stage, name_of(number, staged), dir, name) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

static int do_place_dir(void *ctx, const struct lb_member *m)
{
	const struct lb_settingsdir *d = ctx;
	const char *name;
	CLEANUP(lb_fd_closep) int above = open_above(d, m->path, &name);

	if (above < 0)
		return above;
	if (mkdirat(above, name, 0700) < 0 && errno != EEXIST)
		return lb_err_from_errno(errno);
	CLEANUP(lb_fd_closep) int dir = open_below(above, name, O_RDONLY | O_DIRECTORY);
	if (dir < 0 || fchown(dir, m->uid, m->gid) < 0 || fchmod(dir, m->mode) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

static int do_place_hardlink(void *ctx, unsigned number, const struct lb_member *m)
{
	const struct lb_settingsdir *d = ctx;
	char staged[NUMBER_BYTES];
	const char *name;
	CLEANUP(lb_fd_closep) int dir = open_above(d, m->target, &name);

	if (dir < 0)
		return dir;
	if (linkat(dir, name, d->stage, name_of(number, staged), 0) < 0)
		return lb_err_from_errno(errno);
	return do_place(ctx, number, m);
}

static int do_sync(void *ctx)
{
	const struct lb_settingsdir *d = ctx;

	return syncfs(d->root) < 0 ? lb_err_from_errno(errno) : 0;
}

/* Both places: of two archives the first one counts, and the other is not to come later. */
static int do_archive_remove(void *ctx)
{
	struct lb_settingsdir *d = ctx;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < LB_SETTINGS_PLACES; i++)
		if (unlink(d->places[i]) < 0 && errno != ENOENT)
			rc = lb_err_from_errno(errno);
	if (rc == 0 && syncfs(d->archive.fd) < 0)
		rc = lb_err_from_errno(errno);
	return rc < 0 ? rc : do_sync(d);
}

static int do_archive_rename(void *ctx, const char *suffix)
{
	struct lb_settingsdir *d = ctx;
	char aside[LB_PATH_MAX + 16];

	(void)snprintf(aside, sizeof(aside), "%s%s", d->path, suffix);
	if (rename(d->path, aside) < 0 || syncfs(d->archive.fd) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

int lb_settingsdir_open(struct lb_settingsdir *d, const char *root, const char *rom,
			const char *const places[LB_SETTINGS_PLACES])
{
	int rc = LB_E(NOENT);

	*d = LB_SETTINGSDIR_CLOSED;
	for (size_t i = 0; i < LB_SETTINGS_PLACES; i++) {
		d->places[i] = places[i];
		if (rc != LB_E(NOENT))
			continue;
		rc = lb_archive_file_open(&d->archive, places[i]);
		if (rc == 0)
			(void)snprintf(d->path, sizeof(d->path), "%s", places[i]);
	}
	if (rc < 0)
		return rc;
	d->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d->rom = open(rom, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return d->root < 0 ? lb_err_from_errno(errno) : 0;
}

void lb_settingsdir_closep(struct lb_settingsdir *d)
{
	lb_archive_file_closep(&d->archive);
	close_fd(&d->root);
	close_fd(&d->rom);
	close_fd(&d->stage);
	close_fd(&d->file);
}

struct plat_settings lb_settingsdir_plat(struct lb_settingsdir *d)
{
	return (struct plat_settings){
		.ctx = d,
		.archive = lb_archive_file_plat(&d->archive),
		.free_bytes = do_free_bytes,
		.look = do_look,
		.rom_read = do_rom_read,
		.stage_clear = do_stage_clear,
		.stage_make = do_stage_make,
		.stage_open = do_stage_open,
		.stage_write = do_stage_write,
		.stage_close = do_stage_close,
		.place = do_place,
		.place_dir = do_place_dir,
		.place_hardlink = do_place_hardlink,
		.sync = do_sync,
		.archive_remove = do_archive_remove,
		.archive_rename = do_archive_rename,
	};
}
