#include "plat/linux/disk/block.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

#define LOCK_TRIES   100 /* a save takes some 10 ms; PID 1 must never wait for ever */
#define LOCK_WAIT_NS (10 * 1000 * 1000)

/* A regular file would grow instead of refusing. */
static bool is_inside(const struct lb_block *b, uint64_t off_bytes, size_t n)
{
	return off_bytes <= b->size_bytes && n <= b->size_bytes - off_bytes;
}

static int block_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	const struct lb_block *b = ctx;
	uint8_t *to = buf;
	off_t at = (off_t)off_bytes;

	if (!is_inside(b, off_bytes, n))
		return LB_E(RANGE);
	while (n > 0) {
		ssize_t got = pread(b->fd, to, n, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) /* 0: a file that was cut, a stick that was pulled */
			return LB_E(IO);
		to += got;
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

static int block_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	const struct lb_block *b = ctx;
	const uint8_t *from = buf;
	off_t at = (off_t)off_bytes;

	if (!is_inside(b, off_bytes, n))
		return LB_E(RANGE);
	while (n > 0) {
		ssize_t put = pwrite(b->fd, from, n, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return LB_E(IO);
		from += put;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

/* The page cache is dropped even when the flush failed: Linux marks such pages clean, so that they
 * would be read back as if they were stored, until the power goes. */
static int block_flush(void *ctx)
{
	const struct lb_block *b = ctx;
	int failed = fsync(b->fd);

	(void)posix_fadvise(b->fd, 0, 0, POSIX_FADV_DONTNEED);
	return failed ? LB_E(IO) : 0;
}

static int size_of(int fd, uint64_t *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return LB_E(IO);
	if (S_ISBLK(st.st_mode))
		return ioctl(fd, BLKGETSIZE64, out) < 0 ? LB_E(IO) : 0;
	if (!S_ISREG(st.st_mode))
		return LB_E(UNSUP);
	*out = (uint64_t)st.st_size;
	return 0;
}

int lb_block_lock(int fd)
{
	const struct timespec wait = {.tv_nsec = LOCK_WAIT_NS};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return LB_E(IO);
		(void)nanosleep(&wait, NULL);
	}
	return LB_E(BUSY);
}

static void describe(struct lb_block *b, struct plat_block *out, int fd, uint64_t size_bytes)
{
	*b = (struct lb_block){.fd = fd, .size_bytes = size_bytes};
	*out = (struct plat_block){
		.ctx = b,
		.size_bytes = size_bytes,
		.read = block_read,
		.write = block_write,
		.flush = block_flush,
	};
}

int lb_block_take(struct lb_block *b, struct plat_block *out, int *fd)
{
	uint64_t size_bytes;
	int rc = size_of(*fd, &size_bytes);

	if (rc == 0)
		describe(b, out, lb_fd_take(fd), size_bytes);
	return rc;
}

int lb_block_open(struct lb_block *b, struct plat_block *out, const char *path,
		  enum lb_block_mode mode)
{
	/* O_NONBLOCK: a path that names a FIFO by mistake must not hang PID 1. */
	int flags = (mode == LB_BLOCK_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK;
	CLEANUP(lb_fd_closep) int fd = open(path, flags);
	uint64_t size_bytes;
	int rc;

	if (fd < 0)
		return lb_err_from_errno(errno);
	rc = size_of(fd, &size_bytes);
	if (rc == 0 && mode == LB_BLOCK_WRITE)
		rc = lb_block_lock(fd);
	if (rc < 0)
		return rc;
	describe(b, out, lb_fd_take(&fd), size_bytes);
	return 0;
}

int lb_block_clear(struct lb_block *b, uint64_t off_bytes, uint64_t n)
{
	uint64_t range[2] = {off_bytes, n};

	/* Discard gives the cells back where the device can; zeroes are what counts. */
	if (ioctl(b->fd, BLKDISCARD, range) < 0)
		log_debug("a device does not discard: %s", strerror(errno));
	return ioctl(b->fd, BLKZEROOUT, range) < 0 ? LB_E(IO) : 0;
}

void lb_block_closep(struct lb_block *b)
{
	lb_fd_closep(&b->fd);
	b->fd = -1;
}
