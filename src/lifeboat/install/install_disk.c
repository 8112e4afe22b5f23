#include "lifeboat/install/install_disk.h"

#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "install/disk_table.h"
#include "plan/place.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/disk/drives.h"
#include "plat/linux/disk/guard.h"

static struct lb_ptable of_image, of_disk;
static struct lb_ptable_merge merge;

int lb_install_disk_check(const char *node, char why[LB_SENTENCE_MAX])
{
	char disk[LB_NAME_MAX], device[LB_NAME_MAX];
	struct lb_drive d;
	int rc = lb_drive_of_node(node, disk, device, &lb_drive_roots);

	if (rc == 0)
		rc = lb_drive_look(&d, disk, &lb_drive_roots);
	if (rc < 0) {
		(void)snprintf(why, LB_SENTENCE_MAX, "%.120s cannot be used as a disk: it %s", node,
			       lb_strerror(rc));
		return rc;
	}
	if (strcmp(disk, device) != 0) {
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "%.80s is a partition: give the disk, %.60s, or the partition with "
			       "--to",
			       node, d.node);
		return LB_E(STATE);
	}
	if (d.used_for[0]) {
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "%.40s is in use, as %.80s: unmount it, or install in rescue, where "
			       "nothing of the router's own disk is mounted",
			       d.node, d.used_for);
		return LB_E(BUSY);
	}
	return 0;
}

void lb_install_disk_init(struct lb_install_disk *d, const struct lb_board *board,
			  const struct lb_target *target, bool whole, struct plat_target *plat)
{
	d->board = board;
	d->target = target;
	d->whole = whole;
	d->under = *plat;
	*plat = lb_disk_beside_plat(&d->beside, &d->under, &target->block.dev);
}

/* All of the disk will be the image's. */
static int take_whole(const struct lb_install_disk *d, char why[LB_SENTENCE_MAX])
{
	const int rc = lb_guard_check(d->target->node, 0, d->target->block.dev.size_bytes,
				      &lb_blockdev_roots);

	if (rc == 0)
		return 0;
	(void)snprintf(why, LB_SENTENCE_MAX, "%.100s %s", d->target->node,
		       rc == LB_E(PROTECTED)
			       ? "holds a partition with a protected name, which nothing may write"
			       : "may hold protected partitions, which cannot be found out");
	return LB_E(STATE);
}

static bool is_record(const struct lb_install_disk *d, const struct lb_part *part)
{
	char device[LB_PATH_MAX], node[LB_PATH_MAX];
	struct lb_disk at;

	(void)lb_place_split(d->board->record, device);
	return device[0] && lb_blockdev_find_raw(device, node, &lb_blockdev_roots) == 0 &&
	       lb_disk_of(node, &at, &lb_blockdev_roots) == 0 &&
	       lb_disk_is_same(at.node, d->target->node) &&
	       at.start_bytes == part->first * of_disk.sector_bytes;
}

/* Of the partitions with protected names only the recovery record may be the image's as well: it
 * stays. `stays`: its number, 0 = none. */
static int find_protected(const struct lb_install_disk *d, unsigned *stays,
			  char why[LB_SENTENCE_MAX])
{
	for (size_t i = 0; i < of_disk.count; i++) {
		const struct lb_part *p = &of_disk.part[i];
		const uint64_t at = p->first * of_disk.sector_bytes;
		const uint64_t n = (p->last - p->first + 1) * of_disk.sector_bytes;

		if (!lb_ptable_has(&of_image, p->number) ||
		    lb_guard_check(d->target->node, at, n, &lb_blockdev_roots) == 0)
			continue;
		if (!is_record(d, p)) {
			(void)snprintf(why, LB_SENTENCE_MAX,
				       "partition %u of %.80s has a protected name, and the image "
				       "would write it: nothing may",
				       p->number, d->target->node);
			return LB_E(STATE);
		}
		*stays = p->number;
	}
	return 0;
}

static int say_in_the_way(const struct lb_install_disk *d, int rc, unsigned number,
			  char why[LB_SENTENCE_MAX])
{
	static const char lost[] = "with --whole all of the disk is lost, and the image is on it";

	if (rc == LB_E(FORMAT))
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "%.80s has another kind of partition table than the image: %s",
			       d->target->node, lost);
	else if (rc == LB_E(EXIST))
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "partition %u of %.80s is in the way of the image: %s", number,
			       d->target->node, lost);
	else
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "%.80s has no room for the partition table of both, the image and "
			       "what stays: %s",
			       d->target->node, lost);
	return LB_E(STATE);
}

/* The disk has a table that makes sense. */
static int take_beside(struct lb_install_disk *d, bool from_backup, char why[LB_SENTENCE_MAX])
{
	const struct lb_target_block *b = &d->target->block;
	unsigned stays = 0, number = 0;
	int rc = find_protected(d, &stays, why);

	if (rc < 0)
		return rc;
	rc = lb_ptable_merge(&merge, &of_disk, &of_image, b->dev.size_bytes / b->sector_bytes,
			     stays, &number);
	if (rc == 0 && merge.same)
		return take_whole(d, why);
	if (rc == 0)
		rc = lb_disk_beside_keep(&d->beside, &merge, from_backup);
	return rc < 0 ? say_in_the_way(d, rc, number, why) : 0;
}

/* A disk without a table that makes sense has nothing that anybody could still find. */
/* A GPT of more numbers than are kept here, partitions that overlap or start at 0, as on sticks
 * that an ISO was put on: Linux may well show them, and people have files there. */
static bool others_read_it(const struct lb_install_disk *d, int rc)
{
	return d->target->kind == LB_TARGET_DISK || rc == LB_E(UNSUP) || rc == LB_E(RANGE);
}

static int look_at_disk(struct lb_install_disk *d, char why[LB_SENTENCE_MAX])
{
	const struct lb_target_block *b = &d->target->block;
	bool from_backup = false;
	int rc = d->whole ? LB_E(NOENT)
			  : lb_disk_table_find(&of_disk, &b->dev, b->sector_bytes, &from_backup);

	if (rc == LB_E(IO)) {
		(void)snprintf(why, LB_SENTENCE_MAX, "%.100s cannot be read", d->target->node);
		return rc;
	}
	if (rc < 0 && !d->whole && others_read_it(d, rc)) {
		(void)snprintf(
			why, LB_SENTENCE_MAX,
			"%.80s has a partition table that others may read and that cannot be "
			"kept: with --whole all of the disk is lost, and the image is on it",
			d->target->node);
		return LB_E(STATE);
	}
	return rc < 0 ? take_whole(d, why) : take_beside(d, from_backup, why);
}

/* `rc`: of the table of the image. */
static int look(struct lb_install_disk *d, int rc, char why[LB_SENTENCE_MAX])
{
	const struct lb_target_block *b = &d->target->block;

	if (rc == 0)
		rc = lb_disk_table_suits(&of_image, b->dev.size_bytes, b->sector_bytes);
	if (rc == 0)
		return look_at_disk(d, why);
	(void)snprintf(why, LB_SENTENCE_MAX, "%s",
		       rc == LB_E(FORMAT)
			       ? "the image is for a disk with sectors of another size: nothing "
				 "would find its partitions"
		       : rc == LB_E(NOSPC)
			       ? "a partition of the image ends behind the end of the disk"
			       : "the image is none of a whole disk: it has no partition table "
				 "that makes sense");
	return LB_E(STATE);
}

int lb_install_disk_peek(struct lb_install_disk *d, const uint8_t *head, size_t n,
			 char why[LB_SENTENCE_MAX])
{
	const int rc = lb_disk_table_of_head(&of_image, head, n, d->target->block.sector_bytes);

	return look(d, rc, why);
}

int lb_install_disk_begin(struct lb_install_disk *d, const struct lb_scan *image,
			  char why[LB_SENTENCE_MAX])
{
	const struct lb_target_block *b = &d->target->block;
	int rc =
		image ? look(d, lb_disk_table_of_image(&of_image, image, b->sector_bytes), why) : 0;

	if (rc < 0 || d->beside.keeps)
		return rc;
	rc = lb_disk_table_clear_tail(&b->dev, image ? lb_scan_payload_bytes(image) : 0);
	if (rc < 0)
		(void)snprintf(why, LB_SENTENCE_MAX, "%.100s cannot be written to",
			       d->target->node);
	return rc;
}

int lb_install_disk_end(const struct lb_install_disk *d, char why[LB_SENTENCE_MAX])
{
	const struct lb_target *t = d->target;
	bool moved;
	int rc = lb_disk_table_fit(&t->block.dev, t->block.sector_bytes, &moved);

	if (rc < 0)
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "the image is on %.80s, but its partition table cannot be carried "
			       "to the end of the disk: it %s",
			       t->node, lb_strerror(rc));
	else if (ioctl(t->disk.plain_fd, BLKRRPART) < 0)
		log_debug("the kernel keeps the old partitions of %s until the next start",
			  t->node);
	return rc;
}
