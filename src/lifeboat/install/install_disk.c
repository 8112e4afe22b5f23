#include "lifeboat/install/install_disk.h"

#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "install/disk_table.h"
#include "plat/linux/disk/drives.h"

static struct lb_ptable of_image, of_disk;

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

/* Both have the same partitions in the same places. A disk without a table that makes sense has
 * nothing that anybody could still find. */
static int compare(const struct lb_target *t, char why[LB_SENTENCE_MAX])
{
	int rc = lb_disk_table_read(&of_disk, &t->block.dev, t->block.sector_bytes);
	int other;

	if (rc == LB_E(IO)) {
		(void)snprintf(why, LB_SENTENCE_MAX, "%.100s cannot be read", t->node);
		return rc;
	}
	if (rc < 0)
		return 0;
	other = lb_ptable_differs(&of_image, &of_disk);
	if (other == 0)
		other = lb_ptable_differs(&of_disk, &of_image);
	if (other == 0)
		return 0;
	if (other < 0)
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "%.80s has another kind of partition table than the image: with "
			       "--whole all of the disk is lost, and the image is on it",
			       t->node);
	else
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "partition %d is not the same on %.80s and in the image: with "
			       "--whole all of the disk is lost, and the image is on it",
			       other, t->node);
	return LB_E(STATE);
}

int lb_install_disk_begin(const struct lb_target *t, const struct lb_scan *image, bool whole,
			  char why[LB_SENTENCE_MAX])
{
	int rc = lb_disk_table_of_image(&of_image, image, t->block.sector_bytes);

	if (rc == 0)
		rc = lb_disk_table_suits(&of_image, t->block.dev.size_bytes, t->block.sector_bytes);
	if (rc < 0) {
		(void)snprintf(why, LB_SENTENCE_MAX, "%s",
			       rc == LB_E(FORMAT) ? "the image is for a disk with sectors of "
						    "another size: nothing would find its "
						    "partitions"
			       : rc == LB_E(NOSPC)
				       ? "a partition of the image ends behind the end of the disk"
				       : "the image is none of a whole disk: it has no partition "
					 "table that makes sense");
		return LB_E(STATE);
	}
	rc = whole ? 0 : compare(t, why);
	if (rc < 0)
		return rc;
	rc = lb_disk_table_clear_tail(&t->block.dev, lb_scan_payload_bytes(image));
	if (rc < 0)
		(void)snprintf(why, LB_SENTENCE_MAX, "%.100s cannot be written to", t->node);
	return rc;
}

int lb_install_disk_end(const struct lb_target *t, char why[LB_SENTENCE_MAX])
{
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
