#include "plat/linux/storage/record_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/files/files.h"
#include "plat/linux/storage/overlaydev.h"

struct name {
	char text[LB_PATH_MAX];
};

static int fd_of(const struct lb_record_files *f, uint64_t off_bytes, size_t n, off_t *at)
{
	const uint64_t copy = off_bytes / LB_RECORD_BYTES, in_copy = off_bytes % LB_RECORD_BYTES;

	if (copy >= LB_RECORD_COPIES || n > LB_RECORD_BYTES - in_copy)
		return LB_E(RANGE);
	*at = (off_t)in_copy;
	return (int)copy;
}

static int files_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	const struct lb_record_files *f = ctx;
	off_t at;
	int copy = fd_of(f, off_bytes, n, &at);

	if (copy < 0)
		return copy;
	if (f->fd[copy] < 0) {
		memset(buf, 0, n);
		return 0;
	}
	return lb_fd_pread(f->fd[copy], buf, n, at) < 0 ? LB_E(IO) : 0;
}

static int write_at(int fd, const uint8_t *from, size_t n, off_t at)
{
	while (n > 0) {
		ssize_t put = pwrite(fd, from, n, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return errno == ENOSPC ? LB_E(NOSPC) : LB_E(IO);
		from += put;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

static int files_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	const struct lb_record_files *f = ctx;
	off_t at;
	int copy = fd_of(f, off_bytes, n, &at);

	return copy < 0 ? copy : write_at(f->fd[copy], buf, n, at);
}

/* As lb_block does it: what is read back comes from the medium. */
static int files_flush(void *ctx)
{
	const struct lb_record_files *f = ctx;
	bool failed = false;

	for (int i = 0; i < LB_RECORD_COPIES; i++) {
		failed = fsync(f->fd[i]) < 0 || failed;
		(void)posix_fadvise(f->fd[i], 0, 0, POSIX_FADV_DONTNEED);
	}
	return failed ? LB_E(IO) : 0;
}

static int open_whole(int dir_fd, const char *name, enum lb_block_mode mode)
{
	const int flags =
		(mode == LB_BLOCK_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	CLEANUP(lb_fd_closep) int fd = openat(dir_fd, name, flags);
	struct stat st;

	if (fd < 0)
		return errno == ELOOP ? LB_E(UNSUP) : lb_err_from_errno(errno);
	if (fstat(fd, &st) < 0)
		return LB_E(IO);
	if (!S_ISREG(st.st_mode))
		return LB_E(UNSUP);
	return st.st_size == LB_RECORD_BYTES ? lb_fd_take(&fd) : LB_E(NOENT);
}

/* Written whole under another name first: a file that is too short must never take its place. */
static int make(int dir_fd, const char *name)
{
	static const uint8_t nothing[LB_RECORD_BYTES];
	struct name fresh;
	int rc;

	if (snprintf(fresh.text, sizeof(fresh.text), "%s.new", name) >= (int)sizeof(fresh.text))
		return LB_E(RANGE);
	(void)unlinkat(dir_fd, fresh.text, 0);
	CLEANUP(lb_fd_closep)
	int fd = openat(dir_fd, fresh.text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);

	if (fd < 0)
		return lb_err_from_errno(errno);
	rc = write_at(fd, nothing, sizeof(nothing), 0);
	if (rc == 0 &&
	    (fsync(fd) < 0 || renameat(dir_fd, fresh.text, dir_fd, name) < 0 || fsync(dir_fd) < 0))
		rc = LB_E(IO);
	if (rc < 0)
		(void)unlinkat(dir_fd, fresh.text, 0);
	return rc < 0 ? rc : lb_fd_take(&fd);
}

static int open_copy(int dir_fd, const char *name, enum lb_block_mode mode)
{
	int fd = open_whole(dir_fd, name, mode);

	return fd == LB_E(NOENT) && mode == LB_BLOCK_WRITE ? make(dir_fd, name) : fd;
}

int lb_record_files_open_at(struct lb_record_files *f, struct plat_block *out, int dir_fd,
			    const char *name, enum lb_block_mode mode)
{
	/* The folder itself: of two that begin, neither has files yet. */
	int rc = mode == LB_BLOCK_WRITE ? lb_block_lock(dir_fd) : 0;

	*f = (struct lb_record_files)LB_RECORD_FILES_CLOSED;
	for (int i = 0; rc == 0 && i < LB_RECORD_COPIES; i++) {
		struct name copy;

		if (snprintf(copy.text, sizeof(copy.text), "%s.%d", name, i) >=
		    (int)sizeof(copy.text)) {
			rc = LB_E(RANGE);
			break;
		}
		f->fd[i] = open_copy(dir_fd, copy.text, mode);
		if (f->fd[i] < 0 && (f->fd[i] != LB_E(NOENT) || mode == LB_BLOCK_WRITE))
			rc = f->fd[i];
		if (f->fd[i] < 0)
			f->fd[i] = -1;
	}
	if (rc == 0 && mode == LB_BLOCK_WRITE)
		rc = lb_block_lock(f->fd[0]);
	if (rc < 0) {
		lb_record_files_closep(f);
		return rc;
	}
	*out = (struct plat_block){
		.ctx = f,
		.size_bytes = (uint64_t)LB_RECORD_COPIES * LB_RECORD_BYTES,
		.read = files_read,
		.write = files_write,
		.flush = files_flush,
	};
	return 0;
}

/* Where somebody has it mounted and may write to it, the kernel takes no read-only mount. */
static int mount_fs(const char *device, const char *at, enum lb_block_mode mode)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME;
	char fs[32];
	int rc = lb_disk_type(device, fs, sizeof(fs));

	if (rc == 0)
		rc = lb_dir_make(at, 0700);
	if (rc < 0)
		return rc;
	if (mode == LB_BLOCK_READ && mount(device, at, fs, flags | MS_RDONLY, NULL) == 0)
		return 0;
	if (mode == LB_BLOCK_READ && errno != EBUSY)
		return lb_err_from_errno(errno);
	return mount(device, at, fs, flags, NULL) == 0 ? 0 : lb_err_from_errno(errno);
}

static int open_in(struct lb_record_files *f, struct plat_block *out, const char *root,
		   const char *path, enum lb_block_mode mode)
{
	const char *slash = strrchr(path, '/');
	struct name folder;
	CLEANUP(lb_fd_closep) int dir_fd = -1;

	if (!slash || !slash[1] ||
	    snprintf(folder.text, sizeof(folder.text), "%.*s/.", (int)(slash - path), path) >=
		    (int)sizeof(folder.text))
		return LB_E(RANGE);
	dir_fd = lb_file_open_in_root(root, folder.text);
	return dir_fd < 0 ? dir_fd : lb_record_files_open_at(f, out, dir_fd, slash + 1, mode);
}

int lb_record_files_open(struct lb_record_files *f, struct plat_block *out, const char *device,
			 const char *path, const char *mount_at, enum lb_block_mode mode)
{
	int rc = mount_fs(device, mount_at, mode);

	*f = (struct lb_record_files)LB_RECORD_FILES_CLOSED;
	if (rc < 0)
		return rc;
	rc = open_in(f, out, mount_at, path, mode);
	if (umount2(mount_at, MNT_DETACH) < 0) /* the open files keep it alive */
		log_warn("%s stays mounted: %s", mount_at, strerror(errno));
	return rc;
}

void lb_record_files_closep(struct lb_record_files *f)
{
	for (int i = 0; i < LB_RECORD_COPIES; i++) {
		lb_fd_closep(&f->fd[i]);
		f->fd[i] = -1;
	}
}
