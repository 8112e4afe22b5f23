#include "plat/linux/storage/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plan/cmdline.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/disk/flash.h"
#include "plat/linux/files/files.h"

#define CMDLINE_MAX 4096
#define ROOT_NAME   "rootfs"

struct search {
	const char *root_disk;
	bool readonly;
	char name[LB_NAME_MAX]; /* of the place */
	bool ignore_partitions;
	uint64_t off_bytes; /* of an overlay behind the root; 0 = its head says it */
};

static int open_partition(struct lb_overlay_dev *out, const struct search *s)
{
	struct lb_overlay_dev dev = {.kind = LB_VOLUME_PARTITION};
	struct lb_partition found;
	int rc = s->ignore_partitions
			 ? LB_E(NOENT)
			 : lb_disk_labelled(s->root_disk, s->name, &found, &lb_blockdev_roots);

	if (rc < 0)
		return rc;
	dev.size_bytes = found.size_bytes;
	(void)strcpy(dev.disk, found.node);
	(void)strcpy(dev.source, found.node);
	/* Not for writing: a kernel may refuse to mount what somebody can write to. */
	dev.fd = open(dev.source, O_RDONLY | O_CLOEXEC);
	if (dev.fd < 0)
		return errno == ENOENT ? LB_E(IO) : lb_err_from_errno(errno);
	*out = dev;
	return 0;
}

static int open_flash(struct lb_overlay_dev *out, const struct search *s, enum lb_volume kind)
{
	struct lb_overlay_dev dev = {.fd = -1, .kind = kind};
	int rc = lb_flash_find(kind, s->name, &dev.flash);

	if (rc < 0)
		return rc;
	dev.size_bytes = dev.flash.size_bytes;
	(void)strcpy(dev.disk, dev.flash.node);
	(void)strcpy(dev.source, dev.flash.source);
	*out = dev;
	return 0;
}

static int open_ubi(struct lb_overlay_dev *out, const struct search *s)
{
	return open_flash(out, s, LB_VOLUME_UBI);
}

static int open_mtd(struct lb_overlay_dev *out, const struct search *s)
{
	return open_flash(out, s, LB_VOLUME_MTD);
}

/* What lies behind the root has no name of its own. */
static int open_rootdisk(struct lb_overlay_dev *out, const struct search *s)
{
	if (strcmp(s->name, LB_VOLUME_NAME) != 0)
		return LB_E(NOENT);
	return s->off_bytes > 0 ? lb_rootdisk_open_at(out, s->root_disk, s->off_bytes, s->readonly)
				: lb_rootdisk_open(out, s->root_disk, s->readonly);
}

/* OpenWrt's order. The first that does not answer LB_E(NOENT) is it. */
static int (*const kinds[])(struct lb_overlay_dev *out, const struct search *s) = {
	open_partition, /* priority 25 there */
	open_ubi,	/* 20 */
	open_mtd,	/* 10 */
	open_rootdisk,	/* 0 */
};

static void heed_command_line(struct search *s)
{
	static char cmdline[CMDLINE_MAX];
	char name[LB_NAME_MAX];
	int rc = lb_file_read("/proc/cmdline", cmdline, sizeof(cmdline));

	if (rc < 0)
		return;
	s->ignore_partitions =
		lb_cmdline_switch(cmdline, "fstools_ignore_partname") == LB_SWITCH_ON;
	rc = lb_cmdline_get(cmdline, "fstools_overlay_name", name, sizeof(name));
	if (rc > 0)
		(void)strcpy(s->name, name);
	else if (rc != LB_E(NOENT))
		log_warn("fstools_overlay_name on the kernel command line is not heeded: it %s",
			 rc == 0 ? "is empty" : lb_strerror(rc));
}

/* Two systems must not share settings: what one version wrote another one may not read. */
static bool has_own_name(const char *root_disk, char out[LB_NAME_MAX])
{
	const size_t n = strlen(ROOT_NAME);
	char label[LB_NAME_MAX];

	return lb_blockdev_label(root_disk, label, &lb_blockdev_roots) == 0 &&
	       strncmp(label, ROOT_NAME, n) == 0 && label[n] &&
	       snprintf(out, LB_NAME_MAX, "%s%s", LB_VOLUME_NAME, label + n) < LB_NAME_MAX;
}

static int search_all(struct lb_overlay_dev *out, const struct search *s)
{
	int rc = LB_E(NOENT);

	for (size_t i = 0; rc == LB_E(NOENT) && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		rc = kinds[i](out, s);
	return rc;
}

int lb_volume_open_at(struct lb_overlay_dev *out, const char *root_disk, uint64_t off_bytes,
		      bool readonly)
{
	struct search s = {.root_disk = root_disk,
			   .readonly = readonly,
			   .name = LB_VOLUME_NAME,
			   .off_bytes = off_bytes};
	struct search own = s;
	struct lb_overlay_dev dev;
	int rc = LB_E(NOENT);

	heed_command_line(&s);
	own.ignore_partitions = s.ignore_partitions;
	if (strcmp(s.name, LB_VOLUME_NAME) == 0 && has_own_name(root_disk, own.name))
		rc = search_all(&dev, &own);
	if (rc == LB_E(NOENT))
		rc = search_all(&dev, &s);
	if (rc < 0)
		return rc == LB_E(NOENT) && strcmp(s.name, LB_VOLUME_NAME) == 0 ? LB_E(IO) : rc;
	rc = lb_overlay_dev_guard(&dev);
	if (rc < 0)
		lb_fd_closep(&dev.fd);
	else
		*out = dev;
	return rc;
}

int lb_volume_open(struct lb_overlay_dev *out, const char *root_disk, bool readonly)
{
	return lb_volume_open_at(out, root_disk, 0, readonly);
}

enum lb_overlay_why lb_volume_refusal(int err)
{
	switch (err) {
	case LB_E(EXIST):
		return LB_WHY_AMBIGUOUS;
	case LB_E(NOENT):
		return LB_WHY_NO_SUCH_NAME;
	case LB_E(PROTECTED):
		return LB_WHY_PROTECTED;
	case LB_E(IO):
		return LB_WHY_UNREADABLE;
	default:
		return LB_WHY_NOTHING;
	}
}
