#include "plat/linux/disk/target_flash.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "image/rootfs.h"
#include "plat/linux/disk/block.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/disk/mtd_map.h"
#include "plat/linux/disk/target_say.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/mounts.h"

#define OVERLAY	       "rootfs_data" /* and what begins so: rootfs_data_b */
#define UBI_NUMBER_MAX 32	     /* UBI_MAX_DEVICES of the kernel */

static const char *entry_of(const char *node)
{
	const char *slash = strrchr(node, '/');

	return slash ? slash + 1 : node;
}

static bool is_mtd(const char *entry)
{
	return strncmp(entry, "mtd", 3) == 0 && entry[3] >= '0' && entry[3] <= '9';
}

static bool is_volume(const char *entry)
{
	return strncmp(entry, "ubi", 3) == 0 && entry[3] >= '0' && entry[3] <= '9' &&
	       strchr(entry, '_');
}

bool lb_target_is_flash(const char *node)
{
	return is_mtd(entry_of(node)) || is_volume(entry_of(node));
}

/* Flash is read, and mounted, by the block device of the same numbers. */
static bool is_mounted(const char *prefix, const char *numbers, char where[LB_PATH_MAX])
{
	char path[LB_PATH_MAX], text[32];
	unsigned maj, min;

	(void)snprintf(path, sizeof(path), "/sys/class/block/%s%.20s/dev", prefix, numbers);
	return lb_file_read(path, text, sizeof(text)) >= 0 &&
	       sscanf(text, "%u:%u", &maj, &min) == 2 && lb_mount_of(maj, min, where) == 0;
}

/* "0" of the UBI that stands on this flash partition. */
static bool has_ubi(const char *numbers, char device[LB_NAME_MAX])
{
	char path[LB_PATH_MAX], text[32];

	for (int i = 0; i < UBI_NUMBER_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/sys/class/ubi/ubi%d/mtd_num", i);
		if (lb_file_read(path, text, sizeof(text)) < 0 || strcmp(text, numbers) != 0)
			continue;
		(void)snprintf(device, LB_NAME_MAX, "ubi%d", i);
		return true;
	}
	return false;
}

/* --- a flash partition */

struct look {
	const char *node, *numbers;
	char *why;
	uint64_t ends_bytes; /* where an overlay lies in it; 0 = none does */
};

static int refuse_part(const struct look *l, const struct lb_mtd_part *p, const char *what)
{
	if (strcmp(p->numbers, l->numbers) == 0)
		return lb_target_refuse(l->why, LB_E(BUSY), "%s %s", l->node, what);
	return lb_target_refuse(l->why, LB_E(BUSY),
				"%s has bytes in common with %s (mtd%s), which %s", l->node,
				p->label, p->numbers, what);
}

static int look_at_part(void *ctx, const struct lb_mtd_part *p)
{
	struct look *l = ctx;
	char where[LB_PATH_MAX], what[LB_PATH_MAX + 64], device[LB_NAME_MAX];

	if (is_mounted("mtdblock", p->numbers, where)) {
		(void)snprintf(what, sizeof(what), "is mounted on %s: unmount it first", where);
		return refuse_part(l, p, what);
	}
	if (has_ubi(p->numbers, device)) {
		(void)snprintf(what, sizeof(what), "holds the volumes of %s: ubidetach it first",
			       device);
		return refuse_part(l, p, what);
	}
	if (p->start_bytes > 0 && strncmp(p->label, OVERLAY, strlen(OVERLAY)) == 0)
		l->ends_bytes = (uint64_t)p->start_bytes;
	return 0;
}

/* OpenWrt's kernel makes the overlay's partition begin in the erase block behind the root. */
static bool is_cut_off(const struct plat_mtd *m, uint64_t at_bytes)
{
	static uint8_t head[LB_ROOTFS_HEAD_BYTES];
	struct lb_rootfs root;

	return m->block_bytes >= sizeof(head) && m->read(m->ctx, 0, 0, head, sizeof(head)) == 0 &&
	       lb_rootfs_parse(&root, head, sizeof(head)) == 0 &&
	       (root.length_bytes + m->block_bytes - 1) / m->block_bytes * m->block_bytes ==
		       at_bytes;
}

static int open_mtd(struct lb_target_flash *t, struct plat_target *out, char *node, char *why)
{
	struct look l = {.node = node, .numbers = entry_of(node) + 3, .why = why};
	struct plat_mtd m;
	int rc = lb_mtd_overlaps(l.numbers, look_at_part, &l, &lb_blockdev_roots);

	if (rc == LB_E(BUSY))
		return rc;
	if (rc == 0)
		rc = lb_flash_open_mtd(&t->fd, &m, node, O_RDWR);
	if (rc == 0 && (rc = lb_block_lock(t->fd.fd)) == LB_E(BUSY))
		return lb_target_say_busy(node, why);
	if (rc == 0 && l.ends_bytes > 0) {
		t->moves = is_cut_off(&m, l.ends_bytes);
		if (!t->moves)
			m.block_count = (uint32_t)(l.ends_bytes / m.block_bytes);
	}
	if (rc == 0)
		rc = lb_target_mtd_init(&t->mtd, &m, out);
	return rc < 0 ? lb_target_say_failed(node, rc, why) : 0;
}

/* --- a UBI volume */

static int open_volume(struct lb_target_flash *t, struct plat_target *out, char *node,
		       bool in_place, char *why)
{
	char where[LB_PATH_MAX];
	struct plat_ubi_spare spare;
	struct plat_ubi u;
	bool has_spare;
	int rc;

	if (is_mounted("ubiblock", entry_of(node) + 3, where))
		return lb_target_refuse(why, LB_E(BUSY), "%s is mounted on %s: unmount it first",
					node, where);
	rc = lb_flash_open_ubi(&t->fd, &u, node, O_RDWR);
	if (rc == LB_E(BUSY))
		return lb_target_say_busy(node, why);
	if (rc < 0)
		return lb_target_say_failed(node, rc, why);
	has_spare = lb_ubi_spare_open(&t->spare, &spare, &u, node, &t->fd) == 0;
	rc = lb_target_ubi_init(&t->ubi, &u, has_spare ? &spare : NULL, in_place, out);
	t->is_ubi = rc == 0;
	return rc < 0 ? lb_target_say_failed(node, rc, why) : 0;
}

int lb_target_flash_open(struct lb_target_flash *t, struct plat_target *out, char *node,
			 bool in_place, char why[LB_SENTENCE_MAX])
{
	return is_mtd(entry_of(node)) ? open_mtd(t, out, node, why)
				      : open_volume(t, out, node, in_place, why);
}

void lb_target_flash_closep(struct lb_target_flash *t)
{
	if (t->is_ubi)
		lb_target_ubi_end(&t->ubi);
	lb_ubi_spare_closep(&t->spare);
	lb_flash_closep(&t->fd);
	t->is_ubi = false;
}
