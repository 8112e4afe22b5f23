#include "plat/linux/disk/ubi_spare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mtd/ubi-user.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/files/files.h"

#define CLASS "/sys/class/ubi/"

static int read_number(const char *entry, const char *file, long *out)
{
	char path[LB_PATH_MAX], text[32], *end;
	int rc;

	(void)snprintf(path, sizeof(path), CLASS "%.60s/%s", entry, file);
	rc = lb_file_read(path, text, sizeof(text));
	if (rc < 0)
		return rc;
	*out = strtol(text, &end, 10);
	return end == text || *end ? LB_E(FORMAT) : 0;
}

static const char *entry_of(const char *node)
{
	const char *slash = strrchr(node, '/');

	return slash ? slash + 1 : node;
}

/* The number of the volume of that name on our device. LB_E(NOENT): there is none. */
static int find(const struct lb_ubi_spare *s, const char *name, int *out)
{
	const char *device = entry_of(s->device);
	const size_t n = strlen(device);
	CLEANUP(lb_dir_closep) DIR *dir = opendir(CLASS);

	if (!dir)
		return LB_E(IO);
	for (const struct dirent *e; (e = readdir(dir));) {
		char path[LB_PATH_MAX], text[LB_PATH_MAX];

		if (strncmp(e->d_name, device, n) != 0 || e->d_name[n] != '_')
			continue;
		(void)snprintf(path, sizeof(path), CLASS "%.60s/name", e->d_name);
		if (lb_file_read(path, text, sizeof(text)) < 0 || strcmp(text, name) != 0)
			continue;
		*out = atoi(e->d_name + n + 1);
		return 0;
	}
	return LB_E(NOENT);
}

static void new_name(const struct lb_ubi_spare *s, char out[LB_NAME_MAX])
{
	(void)snprintf(out, LB_NAME_MAX, "%.58s" LB_UBI_SPARE_SUFFIX, s->name);
}

static int spare_fits(void *ctx)
{
	const struct lb_ubi_spare *s = ctx;
	char name[LB_NAME_MAX], entry[LB_PATH_MAX];
	long available, left = 0;
	int id, rc = read_number(entry_of(s->device), "avail_eraseblocks", &available);

	if (rc < 0)
		return rc;
	new_name(s, name);
	rc = find(s, name, &id);
	if (rc == 0) {
		(void)snprintf(entry, sizeof(entry), "%.60s_%d", entry_of(s->device), id);
		rc = read_number(entry, "reserved_ebs", &left);
	}
	if (rc < 0 && rc != LB_E(NOENT))
		return rc;
	return available + left >= (long)s->block_count;
}

static int on_device(const struct lb_ubi_spare *s, unsigned long request, const void *arg)
{
	CLEANUP(lb_fd_closep) int fd = open(s->device, O_RDONLY | O_CLOEXEC);

	return fd < 0 || ioctl(fd, request, arg) < 0 ? lb_err_from_errno(errno) : 0;
}

static int spare_drop(void *ctx)
{
	struct lb_ubi_spare *s = ctx;
	char name[LB_NAME_MAX];
	int32_t id;
	int found, rc;

	lb_flash_closep(&s->made);
	new_name(s, name);
	rc = find(s, name, &found);
	if (rc < 0)
		return rc == LB_E(NOENT) ? 0 : rc;
	id = found;
	return on_device(s, UBI_IOCRMVOL, &id);
}

static int spare_make(void *ctx, struct plat_ubi *out)
{
	struct lb_ubi_spare *s = ctx;
	struct ubi_mkvol_req ask = {.vol_id = UBI_VOL_NUM_AUTO,
				    .alignment = 1,
				    .bytes = (int64_t)s->block_count * s->block_bytes,
				    .vol_type = UBI_DYNAMIC_VOLUME};
	char name[LB_NAME_MAX], node[2 * LB_PATH_MAX];
	int rc, id;

	new_name(s, name);
	ask.name_len = (int16_t)strlen(name);
	memcpy(ask.name, name, strlen(name) + 1);
	rc = on_device(s, UBI_IOCMKVOL, &ask);
	if (rc == 0)
		rc = find(s, name, &id);
	if (rc < 0)
		return rc;
	(void)snprintf(node, sizeof(node), "%s_%d", s->device, id);
	return lb_flash_open_ubi(&s->made, out, node, O_RDWR);
}

/* The gate goes on with the root without a reboot, and finds it as a disk. */
static void show_as_disk(const char *node)
{
	struct ubi_blkcreate_req none = {.padding = {0}};
	CLEANUP(lb_fd_closep) int fd = open(node, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UBI_IOCVOLCRBLK, &none) < 0)
		log_warn("%s is not shown as a disk before the next boot: %s", node,
			 strerror(errno));
}

static int spare_exchange(void *ctx)
{
	static struct ubi_rnvol_req ask; /* 5 KiB are much for a stack */
	struct lb_ubi_spare *s = ctx;
	char name[LB_NAME_MAX];
	int rc, id;

	new_name(s, name);
	rc = find(s, name, &id);
	if (rc < 0)
		return rc;
	memset(&ask, 0, sizeof(ask));
	ask.count = 1;
	ask.ents[0].vol_id = id;
	ask.ents[0].name_len = (int16_t)strlen(s->name);
	(void)strcpy(ask.ents[0].name, s->name);
	lb_flash_closep(&s->made);
	lb_flash_closep(s->volume);
	rc = on_device(s, UBI_IOCRNVOL, &ask);
	if (rc < 0)
		return rc;
	(void)snprintf(s->node, LB_PATH_MAX, "%.60s_%d", s->device, id);
	if (s->is_disk)
		show_as_disk(s->node);
	return 0;
}

int lb_ubi_spare_open(struct lb_ubi_spare *s, struct plat_ubi_spare *out, const struct plat_ubi *u,
		      char *node, struct lb_flash_fd *volume)
{
	struct lb_ubi_spare mine = {.node = node,
				    .volume = volume,
				    .block_count = u->block_count,
				    .block_bytes = u->block_bytes,
				    .made = LB_FLASH_CLOSED};
	char path[LB_PATH_MAX], name[LB_PATH_MAX], *end;
	int rc;

	(void)snprintf(mine.device, sizeof(mine.device), "%.60s", node);
	end = strrchr(mine.device, '_');
	if (!end)
		return LB_E(UNSUP);
	*end = '\0';
	(void)snprintf(path, sizeof(path), CLASS "%.60s/name", entry_of(node));
	rc = lb_file_read(path, name, sizeof(name));
	if (rc < 0)
		return rc;
	if (strlen(name) + strlen(LB_UBI_SPARE_SUFFIX) >= sizeof(mine.name))
		return LB_E(UNSUP);
	(void)strcpy(mine.name, name);
	(void)snprintf(path, sizeof(path), "/sys/class/block/ubiblock%.60s", entry_of(node) + 3);
	mine.is_disk = access(path, F_OK) == 0;
	*s = mine;
	*out = (struct plat_ubi_spare){.ctx = s,
				       .fits = spare_fits,
				       .drop = spare_drop,
				       .make = spare_make,
				       .exchange = spare_exchange};
	return 0;
}

void lb_ubi_spare_closep(struct lb_ubi_spare *s)
{
	lb_flash_closep(&s->made);
}
