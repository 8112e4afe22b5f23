#include "lifeboat/root/root_subvolume.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/disk/btrfs.h"
#include "store/snapshots.h"

void lb_root_subvolume_settle(const char *disk)
{
	CLEANUP(lb_btrfs_closep) struct lb_btrfs fs = LB_BTRFS_CLOSED;
	static struct lb_snapshot_set set;
	struct plat_snapshots p;
	int rc = lb_btrfs_open(&fs, disk);

	if (rc < 0) {
		log_warn("the snapshots on %s cannot be looked at: the file system %s", disk,
			 lb_strerror(rc));
		return;
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
}
