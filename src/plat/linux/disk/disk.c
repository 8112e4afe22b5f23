#include "plat/linux/disk/disk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/uevent.h"

#define SECTOR_BYTES 512 /* in which the kernel counts here, whatever the disk has */

static int join(char out[LB_PATH_MAX], const char *dir, const char *name, const char *file)
{
	int n = snprintf(out, LB_PATH_MAX, "%s/%s%s%s", dir, name, file[0] ? "/" : "", file);

	return n < LB_PATH_MAX ? 0 : LB_E(RANGE);
}

static int read_sectors(const char *dir, const char *name, const char *file, uint64_t *out_bytes)
{
	char path[LB_PATH_MAX], text[32], *end;
	uint64_t sectors;
	int rc = join(path, dir, name, file);

	if (rc == 0)
		rc = lb_file_read(path, text, sizeof(text));
	if (rc < 0)
		return rc;
	errno = 0;
	sectors = strtoull(text, &end, 10);
	if (errno || end == text || *end || sectors > INT64_MAX / SECTOR_BYTES)
		return LB_E(FORMAT);
	*out_bytes = sectors * SECTOR_BYTES;
	return 0;
}

static bool is_partition(const char *dir, const char *name)
{
	char path[LB_PATH_MAX];

	return join(path, dir, name, "partition") == 0 && access(path, F_OK) == 0;
}

static int folder_of(const char *name, char out[LB_PATH_MAX], const struct lb_blockdev_roots *roots)
{
	int n = snprintf(out, LB_PATH_MAX, "%s/class/block/%s", roots->sys, name);

	return n < LB_PATH_MAX ? 0 : LB_E(RANGE);
}

/* The folder is a link to the device's place on its buses: that of a partition lies in its disk's.
 */
static int name_of_disk(const char *folder, char out[LB_NAME_MAX])
{
	char target[1024], *name;
	ssize_t n = readlink(folder, target, sizeof(target) - 1);

	if (n < 0)
		return errno == ENOENT ? LB_E(NOENT) : LB_E(IO);
	target[n] = '\0';
	if (is_partition(folder, ".") && strrchr(target, '/'))
		*strrchr(target, '/') = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= LB_NAME_MAX)
		return LB_E(RANGE);
	(void)strcpy(out, name);
	return 0;
}

static int node_of(const char *name, char out[LB_PATH_MAX], const struct lb_blockdev_roots *roots)
{
	return join(out, roots->dev, name, "");
}

int lb_disk_of(const char *device, struct lb_disk *out, const struct lb_blockdev_roots *roots)
{
	const char *slash = strrchr(device, '/');
	const char *name = slash ? slash + 1 : device;
	char folder[LB_PATH_MAX];
	struct lb_disk d = {0};
	int rc = name[0] ? folder_of(name, folder, roots) : LB_E(NOENT);

	if (rc == 0)
		rc = name_of_disk(folder, d.name);
	if (rc == 0)
		rc = node_of(d.name, d.node, roots);
	if (rc == 0)
		rc = read_sectors(folder, ".", "size", &d.size_bytes);
	if (rc == 0 && is_partition(folder, "."))
		rc = read_sectors(folder, ".", "start", &d.start_bytes);
	if (rc == 0)
		*out = d;
	return rc;
}

static int look_at(const char *folder, const char *name, struct lb_partition *out,
		   const struct lb_blockdev_roots *roots)
{
	char path[LB_PATH_MAX], uevent[LB_UEVENT_BYTES], devname[LB_NAME_MAX];
	int rc = join(path, folder, name, "uevent");

	*out = (struct lb_partition){0};
	if (rc < 0 || strlen(name) >= sizeof(out->name))
		return LB_E(RANGE);
	(void)strcpy(out->name, name);
	rc = lb_file_read(path, uevent, sizeof(uevent));
	if (rc >= 0)
		rc = lb_uevent_get(uevent, "DEVNAME", devname, sizeof(devname)) ? 0 : LB_E(FORMAT);
	if (rc == 0)
		rc = node_of(devname, out->node, roots);
	if (rc == 0)
		rc = read_sectors(folder, name, "start", &out->start_bytes);
	if (rc == 0)
		rc = read_sectors(folder, name, "size", &out->size_bytes);
	if (rc == 0)
		(void)lb_uevent_get(uevent, "PARTNAME", out->label, sizeof(out->label));
	return rc;
}

int lb_disk_partitions(const struct lb_disk *disk, lb_partition_fn *each, void *ctx,
		       const struct lb_blockdev_roots *roots)
{
	char folder[LB_PATH_MAX];
	int rc = folder_of(disk->name, folder, roots);

	if (rc < 0)
		return rc;
	CLEANUP(lb_dir_closep) DIR *dir = opendir(folder);
	if (!dir)
		return errno == ENOENT ? LB_E(NOENT) : LB_E(IO);
	for (const struct dirent *e; rc == 0 && (e = readdir(dir));) {
		struct lb_partition partition;

		if (e->d_name[0] == '.' || !is_partition(folder, e->d_name))
			continue;
		rc = look_at(folder, e->d_name, &partition, roots);
		if (rc == 0)
			rc = each(ctx, &partition);
	}
	return rc;
}

struct labelled {
	const char *label;
	const char *not_name;
	unsigned count;
	struct lb_partition found;
};

static int count_labelled(void *ctx, const struct lb_partition *partition)
{
	struct labelled *l = ctx;

	if (strcmp(partition->label, l->label) != 0 || strcmp(partition->name, l->not_name) == 0)
		return 0;
	l->found = *partition;
	l->count++;
	return 0;
}

int lb_disk_labelled(const char *beside, const char *label, struct lb_partition *out,
		     const struct lb_blockdev_roots *roots)
{
	const char *slash = strrchr(beside, '/');
	struct labelled l = {.label = label, .not_name = slash ? slash + 1 : beside};
	struct lb_disk disk;
	int rc = lb_disk_of(beside, &disk, roots);

	if (rc == 0)
		rc = lb_disk_partitions(&disk, count_labelled, &l, roots);
	if (rc < 0 || l.count != 1)
		return rc < 0 ? rc : l.count == 0 ? LB_E(NOENT) : LB_E(EXIST);
	*out = l.found;
	return 0;
}

bool lb_disk_is_same(const char *a, const char *b)
{
	struct stat of_a, of_b;

	return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && S_ISBLK(of_a.st_mode) &&
	       S_ISBLK(of_b.st_mode) && of_a.st_rdev == of_b.st_rdev;
}
