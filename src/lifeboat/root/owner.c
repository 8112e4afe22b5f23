#include "lifeboat/root/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"
#include "tables/limits.h"

/* Does this directory of the upper layer stand alone? overlayfs.rst: an opaque one shows nothing of
 * the layer below, a redirected one shows another directory of it than its name says. */
static bool stands_alone(int dir)
{
	char value[LB_PATH_MAX];

	return fgetxattr(dir, "trusted.overlay.redirect", value, sizeof(value)) >= 0 ||
	       (fgetxattr(dir, "trusted.overlay.opaque", value, sizeof(value)) == 1 &&
		value[0] == 'y');
}

/* One step down a path, whatever is there. Not blocking: it may be a FIFO. */
static int step(int dir, const char *name, bool last)
{
	int fd = openat(dir, name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY));

	return fd < 0 ? lb_err_from_errno(errno) : fd;
}

/* Open `path` below `top`. *hidden: what a layer below has under this name does not count. */
static int open_below(int top, const char *path, bool *hidden)
{
	CLEANUP(lb_fd_closep) int dir = fcntl(top, F_DUPFD_CLOEXEC, 0);
	char part[LB_PATH_MAX];
	bool last = false;

	*hidden = false;
	while (!last) {
		size_t len = strcspn(path, "/");
		struct stat st;
		int next;

		if (len >= sizeof(part))
			return LB_E(NOSPC);
		memcpy(part, path, len);
		part[len] = '\0';
		last = path[len] == '\0';
		path += len + !last;
		if (dir < 0 || fstatat(dir, part, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			*hidden |= errno != ENOENT;
			return lb_err_from_errno(errno);
		}
		/* Links, devices (whiteouts are some) and what else there is in its place. */
		if (last ? !S_ISREG(st.st_mode) : !S_ISDIR(st.st_mode)) {
			*hidden = true;
			return LB_E(NOENT);
		}
		next = step(dir, part, last);
		if (next < 0) {
			*hidden = true;
			return next;
		}
		*hidden |= !last && stands_alone(next);
		(void)close(dir);
		dir = next;
	}
	return lb_fd_take(&dir);
}

static int open_merged(int upper, int lower, const char *path)
{
	bool hidden = false;
	int fd = upper < 0 ? LB_E(NOENT) : open_below(upper, path, &hidden);

	if (fd != LB_E(NOENT) || hidden || lower < 0)
		return fd;
	return open_below(lower, path, &hidden);
}

int lb_owner_file_read(int upper, int lower, const char *path, char *out, size_t size)
{
	CLEANUP(lb_fd_closep) int fd = open_merged(upper, lower, path);
	struct stat st;
	int rc;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return lb_err_from_errno(errno);
	if ((uint64_t)st.st_size >= size)
		return LB_E(NOSPC);
	rc = lb_fd_pread(fd, out, (size_t)st.st_size, 0);
	if (rc < 0)
		return rc;
	out[st.st_size] = '\0';
	return (int)st.st_size;
}

bool lb_owner_root_hash(const char *shadow, char *hash, size_t size)
{
	const char *line = strncmp(shadow, "root:", 5) == 0 ? shadow : strstr(shadow, "\nroot:");
	size_t len;

	if (!line)
		return false;
	line += *line == '\n' ? 6 : 5;
	len = strcspn(line, ":\n");
	if (len < 2 || len >= size || line[0] == '*' || line[0] == '!')
		return false;
	memcpy(hash, line, len);
	hash[len] = '\0';
	return true;
}
