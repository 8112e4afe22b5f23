#include "plat/linux/files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tables/limits.h"

#define FILE_MAX \
	8192 /* the kernel command line, the status file; text of sysfs is a page at most */

int lb_file_read(const char *path, char *out, size_t size)
{
	CLEANUP(lb_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[FILE_MAX];
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return lb_err_from_errno(errno);
	while ((n = read(fd, buf + used, sizeof(buf) - used)) > 0)
		used += (size_t)n;
	if (n < 0)
		return lb_err_from_errno(errno);
	if (used > 0 && buf[used - 1] == '\n')
		used--;
	if (used >= size || used >= sizeof(buf) - 1)
		return LB_E(NOSPC);
	memcpy(out, buf, used);
	out[used] = '\0';
	return (int)used;
}

int lb_file_open_in_root(const char *root, const char *path)
{
	CLEANUP(lb_fd_closep) int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	long fd;

	if (top < 0)
		return lb_err_from_errno(errno);
	fd = syscall(SYS_openat2, top, path, &how, sizeof(how));
	return fd < 0 ? lb_err_from_errno(errno) : (int)fd;
}

static int write_all(int fd, const void *data, size_t n)
{
	for (const char *p = data; n > 0;) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return lb_err_from_errno(done < 0 ? errno : EIO);
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int lb_file_poke(const char *path, const char *value)
{
	CLEANUP(lb_fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return lb_err_from_errno(errno);
	return write_all(fd, value, strlen(value));
}

int lb_file_replace(const char *path, const void *data, size_t n, mode_t mode)
{
	char beside[LB_PATH_MAX];
	int rc;

	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >= (int)sizeof(beside))
		return LB_E(NOSPC);
	{
		/* A name of its own: PID 1 and the applets write the same files. */
		CLEANUP(lb_fd_closep) int fd = mkostemp(beside, O_CLOEXEC);

		if (fd < 0)
			return lb_err_from_errno(errno);
		rc = write_all(fd, data, n);
		if (rc == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
			rc = lb_err_from_errno(errno);
	}
	if (rc == 0 && rename(beside, path) < 0)
		rc = lb_err_from_errno(errno);
	if (rc < 0)
		(void)unlink(beside);
	return rc;
}

int lb_fd_pread(int fd, void *buf, size_t n, off_t off_bytes)
{
	for (char *p = buf; n > 0;) {
		ssize_t done = pread(fd, p, n, off_bytes);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return lb_err_from_errno(errno);
		if (done == 0)
			return LB_E(TRUNC);
		p += done;
		n -= (size_t)done;
		off_bytes += done;
	}
	return 0;
}

int lb_dir_make(const char *path, mode_t mode)
{
	char part[LB_PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return LB_E(NOSPC);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return lb_err_from_errno(errno);
	}
	return 0;
}

int lb_fd_compare(int a, int b)
{
	static uint8_t left[32768], right[sizeof(left)];
	struct stat st_a, st_b;
	uint64_t at = 0, size;

	if (fstat(a, &st_a) < 0 || fstat(b, &st_b) < 0)
		return lb_err_from_errno(errno);
	if (st_a.st_size != st_b.st_size)
		return LB_E(CRC);
	for (size = (uint64_t)st_a.st_size; at < size;) {
		const size_t n = size - at < sizeof(left) ? (size_t)(size - at) : sizeof(left);
		int rc = lb_fd_pread(a, left, n, (off_t)at);

		if (rc == 0)
			rc = lb_fd_pread(b, right, n, (off_t)at);
		if (rc == 0 && memcmp(left, right, n) != 0)
			rc = LB_E(CRC);
		if (rc < 0)
			return rc;
		at += n;
	}
	return 0;
}
