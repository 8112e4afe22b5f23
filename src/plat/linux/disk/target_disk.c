#include "plat/linux/disk/target_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"

#define ALIGN LB_TARGET_ALIGN

static bool is_aligned(const void *buf, uint64_t off_bytes)
{
	return (uintptr_t)buf % ALIGN == 0 && off_bytes % ALIGN == 0;
}

static int pwrite_all(int fd, const uint8_t *from, size_t n, uint64_t off_bytes)
{
	for (size_t done = 0; done < n;) {
		const ssize_t put = pwrite(fd, from + done, n - done, (off_t)(off_bytes + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? lb_err_from_errno(errno) : LB_E(IO);
		done += (size_t)put;
	}
	return 0;
}

/* Dirty pages must not pile up to the size of the image: start with these, wait for those that were
 * started before. */
static void write_behind(const struct lb_target_disk *d, uint64_t off_bytes, size_t n)
{
	const uint64_t before = off_bytes > 2 * n ? off_bytes - 2 * n : 0;

	(void)sync_file_range(d->plain_fd, (off_t)off_bytes, (off_t)n, SYNC_FILE_RANGE_WRITE);
	(void)sync_file_range(d->plain_fd, (off_t)before, (off_t)n,
			      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				      SYNC_FILE_RANGE_WAIT_AFTER);
	(void)posix_fadvise(d->plain_fd, (off_t)before, (off_t)n, POSIX_FADV_DONTNEED);
}

static int disk_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	struct lb_target_disk *d = ctx;
	const size_t direct = d->direct && is_aligned(buf, off_bytes) ? n / ALIGN * ALIGN : 0;
	int rc = pwrite_all(d->fd, buf, direct, off_bytes);

	if (rc == 0)
		rc = pwrite_all(d->plain_fd, (const uint8_t *)buf + direct, n - direct,
				off_bytes + direct);
	if (direct == 0 && n > ALIGN)
		write_behind(d, off_bytes, n);
	return rc;
}

static int read_odd(struct lb_target_disk *d, uint64_t off_bytes, uint8_t *to, size_t n)
{
	for (size_t done = 0; done < n;) {
		const uint64_t page = (off_bytes + done) / ALIGN * ALIGN;
		const size_t skip = (size_t)(off_bytes + done - page);
		const size_t use = n - done < ALIGN - skip ? n - done : ALIGN - skip;
		const ssize_t got = pread(d->fd, d->bounce, ALIGN, (off_t)page);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < (ssize_t)(skip + use))
			return got < 0 ? lb_err_from_errno(errno) : LB_E(TRUNC);
		memcpy(to + done, d->bounce + skip, use);
		done += use;
	}
	return 0;
}

static int disk_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	struct lb_target_disk *d = ctx;
	size_t whole = n;
	int rc;

	if (d->direct)
		whole = is_aligned(buf, off_bytes) ? n / ALIGN * ALIGN : 0;
	rc = whole > 0 ? lb_fd_pread(d->fd, buf, whole, (off_t)off_bytes) : 0;
	if (rc == 0 && whole < n)
		rc = read_odd(d, off_bytes + whole, (uint8_t *)buf + whole, n - whole);
	return rc;
}

/* What the page cache holds goes even when the flush failed: Linux marks such pages clean, so that
 * they would be read back as if they were stored, until the power goes. */
static int disk_flush(void *ctx)
{
	const struct lb_target_disk *d = ctx;
	const int failed = fsync(d->plain_fd);

	(void)posix_fadvise(d->plain_fd, 0, 0, POSIX_FADV_DONTNEED);
	if (!d->is_file && !d->direct)
		(void)ioctl(d->plain_fd, BLKFLSBUF, 0);
	return failed ? lb_err_from_errno(errno) : 0;
}

static int write_zeroes(struct lb_target_disk *d, uint64_t off_bytes, uint64_t n)
{
	static _Alignas(ALIGN) uint8_t zeroes[65536]; /* not const: that takes room in the file */
	int rc = 0;

	for (uint64_t done = 0; rc == 0 && done < n; done += sizeof(zeroes)) {
		const uint64_t use = n - done < sizeof(zeroes) ? n - done : sizeof(zeroes);

		rc = disk_write(d, off_bytes + done, zeroes, (size_t)use);
	}
	return rc;
}

/* A file becomes longer by a hole; what it has there already becomes one. */
static int zero_file(struct lb_target_disk *d, uint64_t off_bytes, uint64_t n)
{
	struct stat st;

	if (fstat(d->fd, &st) < 0)
		return lb_err_from_errno(errno);
	if (off_bytes < (uint64_t)st.st_size &&
	    fallocate(d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off_bytes,
		      (off_t)n) < 0)
		return write_zeroes(d, off_bytes, n);
	if (off_bytes + n > (uint64_t)st.st_size && ftruncate(d->fd, (off_t)(off_bytes + n)) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

/* Without a way of its own the kernel writes zeroes for us, a page at a time: then we do so in
 * larger pieces. */
static int disk_zero(void *ctx, uint64_t off_bytes, uint64_t n)
{
	struct lb_target_disk *d = ctx;

	if (d->is_file)
		return zero_file(d, off_bytes, n);
	if (!d->cannot_zero && off_bytes % ALIGN == 0 && n % ALIGN == 0) {
		if (fallocate(d->plain_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      (off_t)off_bytes, (off_t)n) == 0)
			return 0;
		d->cannot_zero = true;
	}
	return write_zeroes(d, off_bytes, n);
}

int lb_target_file_begin(void *ctx, uint64_t image_bytes)
{
	const struct lb_target_block *b = ctx;
	const struct lb_target_disk *d = b->dev.ctx;

	if (image_bytes != LB_TARGET_LENGTH_UNKNOWN && image_bytes > d->size_bytes)
		return LB_E(NOSPC);
	return ftruncate(d->plain_fd, 0) < 0 || fsync(d->plain_fd) < 0 ? lb_err_from_errno(errno)
								       : 0;
}

void lb_target_disk_closep(struct lb_target_disk *d)
{
	lb_fd_closep(&d->fd);
	lb_fd_closep(&d->plain_fd);
	d->fd = d->plain_fd = -1;
}

/* The same device or file once more, past the page cache; -1 where that cannot be. */
static int open_direct(const char *node, const struct stat *first)
{
	CLEANUP(lb_fd_closep) int fd = open(node, O_RDWR | O_CLOEXEC | O_DIRECT);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != first->st_dev ||
	    st.st_ino != first->st_ino || st.st_rdev != first->st_rdev)
		return -1;
	return lb_fd_take(&fd);
}

int lb_target_disk_take(struct lb_target_disk *d, struct lb_target_block *out, const char *node,
			int *fd)
{
	struct stat st;
	uint64_t size_bytes = INT64_MAX; /* of a file: until the disk is full */
	int sector_bytes = 512, direct;

	if (fstat(*fd, &st) < 0)
		return lb_err_from_errno(errno);
	if (S_ISBLK(st.st_mode) &&
	    (ioctl(*fd, BLKGETSIZE64, &size_bytes) < 0 || ioctl(*fd, BLKSSZGET, &sector_bytes) < 0))
		return lb_err_from_errno(errno);
	direct = open_direct(node, &st);
	d->direct = direct >= 0;
	d->is_file = S_ISREG(st.st_mode);
	d->cannot_zero = false;
	d->size_bytes = size_bytes;
	d->plain_fd = lb_fd_take(fd);
	d->fd = d->direct ? direct : dup(d->plain_fd);
	*out = (struct lb_target_block){
		.dev = {.ctx = d,
			.size_bytes = size_bytes,
			.read = disk_read,
			.write = disk_write,
			.flush = disk_flush},
		.zero = disk_zero,
		.sector_bytes = d->is_file ? 1 : (uint32_t)sector_bytes,
	};
	return 0;
}
