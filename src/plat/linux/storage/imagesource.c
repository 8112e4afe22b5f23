#include "plat/linux/storage/imagesource.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "image/fsimage.h"
#include "plan/place.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/files/files.h"
#include "plat/linux/storage/overlaydev.h"

#define HASH_SUFFIX	".sha256"
#define HASH_TEXT_BYTES 8192 /* SHA256SUMS of some dozen images */

/* Where somebody has it mounted and may write to it, the kernel takes no read-only mount. */
static int mount_readonly(const char *disk, const char *at)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME;
	char fs[32];
	int rc = lb_disk_type(disk, fs, sizeof(fs));

	if (rc == 0)
		rc = lb_dir_make(at, 0700);
	if (rc < 0)
		return rc;
	if (mount(disk, at, fs, flags | MS_RDONLY, NULL) == 0 ||
	    (errno == EBUSY && mount(disk, at, fs, flags, NULL) == 0))
		return 0;
	log_warn("the %s on %s, which holds the factory image, cannot be mounted: %s", fs, disk,
		 strerror(errno));
	return lb_err_from_errno(errno);
}

static enum lb_reflash_why read_hash(struct lb_imagesource *s, const char *root, const char *path)
{
	char name[LB_PATH_MAX + sizeof(HASH_SUFFIX)], text[HASH_TEXT_BYTES];
	CLEANUP(lb_fd_closep) int fd = -1;
	ssize_t n;

	(void)snprintf(name, sizeof(name), "%s" HASH_SUFFIX, path);
	fd = lb_file_open_in_root(root, name);
	if (fd == LB_E(NOENT))
		return LB_REFLASH_WHY_NOTHING;
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n < 0 || lb_companion_parse(s->hash, sizeof(s->hash), strrchr(path, '/') + 1, text,
					(size_t)n) < 0)
		return LB_REFLASH_WHY_NO_HASH;
	s->has_hash = true;
	return LB_REFLASH_WHY_NOTHING;
}

static enum lb_reflash_why open_in(struct lb_imagesource *s, const char *root, const char *path)
{
	CLEANUP(lb_fd_closep) int fd = lb_file_open_in_root(root, path);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    lb_block_take(&s->block, &s->plat, &fd) < 0)
		return LB_REFLASH_WHY_NO_IMAGE;
	return read_hash(s, root, path);
}

/* The open file keeps the file system alive; nobody else needs to see it. */
static enum lb_reflash_why open_file(struct lb_imagesource *s, const char *path,
				     const char *mount_at)
{
	enum lb_reflash_why why;

	if (mount_readonly(s->disk, mount_at) < 0)
		return LB_REFLASH_WHY_NO_IMAGE;
	why = open_in(s, mount_at, path);
	if (umount2(mount_at, MNT_DETACH) < 0)
		log_warn("%s stays mounted: %s", mount_at, strerror(errno));
	return why;
}

static enum lb_reflash_why measure(struct lb_imagesource *s, bool is_file)
{
	static uint8_t head[LB_FSIMAGE_HEAD_BYTES];
	struct lb_rootfs found;
	int rc = s->plat.size_bytes < sizeof(head)
			 ? LB_E(TRUNC)
			 : s->plat.read(s->plat.ctx, 0, head, sizeof(head));

	if (rc == 0)
		rc = lb_fsimage_parse(&found, head, sizeof(head));
	if (rc == LB_E(IO))
		return LB_REFLASH_WHY_UNREADABLE;
	if (rc < 0 || found.length_bytes > s->plat.size_bytes)
		return LB_REFLASH_WHY_NOT_AN_IMAGE;
	s->fs = found.fs;
	if (!is_file)
		s->plat.size_bytes = found.length_bytes;
	return LB_REFLASH_WHY_NOTHING;
}

enum lb_reflash_why lb_imagesource_open(struct lb_imagesource *s, const char *place,
					const char *mount_at)
{
	char device[LB_PATH_MAX];
	const char *path = lb_place_split(place, device);
	enum lb_reflash_why why;

	*s = (struct lb_imagesource)LB_IMAGESOURCE_CLOSED;
	if (lb_blockdev_find(device, s->disk, &lb_blockdev_roots) < 0)
		return LB_REFLASH_WHY_NO_IMAGE;
	if (path[0])
		why = open_file(s, path, mount_at);
	else
		why = lb_block_open(&s->block, &s->plat, s->disk, LB_BLOCK_READ) < 0
			      ? LB_REFLASH_WHY_NO_IMAGE
			      : LB_REFLASH_WHY_NOTHING;
	if (why == LB_REFLASH_WHY_NOTHING)
		why = measure(s, path[0] != '\0');
	if (why != LB_REFLASH_WHY_NOTHING)
		lb_imagesource_closep(s);
	return why;
}

void lb_imagesource_closep(struct lb_imagesource *s)
{
	lb_block_closep(&s->block);
}
