#include "lifeboat/root/root_subvolume.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/snapshot/savepoint_start.h"
#include "plat/linux/disk/block.h"
#include "plat/linux/disk/btrfs.h"
#include "plat/linux/disk/guard.h"
#include "store/snapshots.h"
#include "store/superblock.h"

/* Most boots find it whole: then nothing is opened for writing. */
static int mend_superblock(const char *disk)
{
	CLEANUP(lb_block_closep) struct lb_block dev = LB_BLOCK_CLOSED;
	struct plat_block b;
	int rc = lb_block_open(&dev, &b, disk, LB_BLOCK_READ);

	if (rc == 0)
		rc = lb_superblock_is_torn(&b);
	if (rc <= 0)
		return rc;
	rc = lb_guard_check(disk, 0, b.size_bytes, &lb_blockdev_roots);
	lb_block_closep(&dev);
	if (rc == 0)
		rc = lb_block_open(&dev, &b, disk, LB_BLOCK_WRITE);
	return rc < 0 ? rc : lb_superblock_mend(&b);
}

void lb_root_subvolume_mend(const char *disk)
{
	int rc = mend_superblock(disk);

	if (rc == LB_E(NOENT))
		log_err("the superblock of the btrfs on %s is torn, and it has no copy that fits",
			disk);
	else if (rc < 0)
		log_warn("the superblock of the btrfs on %s cannot be looked after: it %s", disk,
			 lb_strerror(rc));
	else if (rc > 0)
		log_warn(
			"a power cut had torn the superblock of the btrfs on %s: its copy has been put in its place",
			disk);
}

uint32_t lb_root_subvolume_settle(const char *disk)
{
	CLEANUP(lb_btrfs_closep) struct lb_btrfs fs = LB_BTRFS_CLOSED;
	static struct lb_snapshot_set set;
	struct plat_snapshots p;
	int rc = lb_btrfs_open(&fs, disk);

	if (rc < 0) {
		log_warn("the snapshots on %s cannot be looked at: the file system %s", disk,
			 lb_strerror(rc));
		return 0;
	}
	p = lb_btrfs_plat(&fs);
	rc = lb_btrfs_lock(&fs, true, false);
	if (rc == 0)
		rc = lb_snapshots_resume(&p, &set);
	if (rc == LB_SNAPSHOTS_UNDONE)
		log_warn(
			"a rollback or an import was cut before it counted: it has been taken back");
	else if (rc == LB_SNAPSHOTS_FINISHED)
		log_warn("a rollback was cut: it has been finished");
	else if (rc < 0)
		log_warn("a rollback that was cut cannot be finished on %s: the file system %s",
			 disk, lb_strerror(rc));
	return rc < 0 ? 0 : lb_savepoint_start(&fs, &p, &set);
}

void lb_root_subvolume_guard(const struct lb_root *root)
{
	if (root->savepoint)
		lb_savepoint_guard(root->disk, root->savepoint);
}
