#include "plat/linux/storage/record_area.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "plan/place.h"
#include "plat/linux/disk/blockdev.h"

/* Seen by nobody: the mount is there only while files are opened. */
#define MOUNT_AT "/run/lifeboat/record"

/* "/dev/mtd5" and "/dev/ubi0_2", but not "/dev/mtdblock5" or "/dev/ubiblock0_2". */
static bool is_numbered(const char *path, const char *prefix, const char *digits)
{
	const size_t n = strlen(prefix);

	return strncmp(path, prefix, n) == 0 && path[n] && !path[n + strspn(path + n, digits)];
}

static int open_mtd(struct lb_record_area *a, struct plat_block *out, const char *path,
		    enum lb_block_mode mode)
{
	struct plat_mtd mtd;
	int rc = lb_flash_open_mtd(&a->flash, &mtd, path,
				   mode == LB_BLOCK_WRITE ? O_RDWR : O_RDONLY);

	if (rc == 0 && mode == LB_BLOCK_WRITE)
		rc = lb_block_lock(a->flash.fd);
	return rc < 0 ? rc : lb_flash_record_mtd(&a->on_flash, out, &mtd);
}

/* The kernel lets one process at a time have a volume open for writing: that is the lock. */
static int open_ubi(struct lb_record_area *a, struct plat_block *out, const char *path,
		    enum lb_block_mode mode)
{
	struct plat_ubi ubi;
	int rc = lb_flash_open_ubi(&a->flash, &ubi, path,
				   mode == LB_BLOCK_WRITE ? O_RDWR : O_RDONLY);

	return rc < 0 ? rc : lb_flash_record_ubi(&a->on_flash, out, &ubi);
}

int lb_record_area_open(struct lb_record_area *a, struct plat_block *out, const char *path,
			enum lb_block_mode mode)
{
	int rc;

	*a = (struct lb_record_area)LB_RECORD_AREA_CLOSED;
	if (is_numbered(path, "/dev/mtd", "0123456789"))
		rc = open_mtd(a, out, path, mode);
	else if (is_numbered(path, "/dev/ubi", "0123456789_") && strchr(path, '_'))
		rc = open_ubi(a, out, path, mode);
	else
		return lb_block_open(&a->block, out, path, mode);
	if (rc < 0)
		lb_record_area_closep(a);
	return rc;
}

int lb_record_area_open_place(struct lb_record_area *a, struct plat_block *out, const char *place,
			      enum lb_block_mode mode)
{
	char device[LB_PATH_MAX], path[LB_PATH_MAX];
	const char *file = lb_place_split(place, device);
	int rc;

	*a = (struct lb_record_area)LB_RECORD_AREA_CLOSED;
	rc = file[0] ? lb_blockdev_find(device, path, &lb_blockdev_roots)
		     : lb_blockdev_find_raw(device, path, &lb_blockdev_roots);
	if (rc < 0)
		return rc;
	return file[0] ? lb_record_files_open(&a->files, out, path, file, MOUNT_AT, mode)
		       : lb_record_area_open(a, out, path, mode);
}

void lb_record_area_closep(struct lb_record_area *a)
{
	lb_block_closep(&a->block);
	lb_flash_closep(&a->flash);
	lb_record_files_closep(&a->files);
}
