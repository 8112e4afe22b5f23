/* The modes "rollback" and "factory": snapshots of the root, gone back to while nobody has it
 * mounted. The state before stays as a snapshot. */
#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/modes/mode.h"
#include "lifeboat/modes/rollback_told.h"
#include "lifeboat/root/root.h"
#include "lifeboat/root/root_subvolume.h"
#include "lifeboat/snapshot/hooks.h"
#include "lifeboat/snapshot/snapshot.h"

static struct work {
	struct lb_root root;
	struct lb_btrfs fs;
	struct plat_snapshots plat;
	struct lb_snapshot_set set;
	struct lb_rollback_hooks hooks;
} work;

static enum lb_failure failure_of(int rc)
{
	if (rc == LB_E(NOENT))
		return LB_FAILURE_SNAPSHOT;
	return rc == LB_E(NOSPC) ? LB_FAILURE_SPACE : LB_FAILURE_STORAGE;
}

static void nothing(void *ctx)
{
}

/* The cards of some routers take seconds to appear, and the person may have been quicker. */
static int find_device(const char *place, struct lb_mode_result *out)
{
	struct lb_root *root = &work.root;

	if (lb_root_find(root, place, nothing, NULL) < 0)
		return lb_mode_fail(out, LB_FAILURE_STORAGE, "%s", root->why);
	return root->disk[0] ? 0
			     : lb_mode_fail(out, LB_FAILURE_OTHER,
					    "snapshots can be gone back to from an initramfs only");
}

static int open_root(const char *place, struct lb_mode_result *out)
{
	int rc = find_device(place, out);

	if (rc < 0)
		return rc;
	lb_root_subvolume_mend(work.root.disk);
	rc = lb_btrfs_open(&work.fs, work.root.disk);
	if (rc < 0)
		return lb_mode_fail(out, LB_FAILURE_STORAGE,
				    "the top level of the btrfs on %s cannot be mounted: it %s",
				    work.root.disk, lb_strerror(rc));
	work.plat = lb_btrfs_plat(&work.fs);
	rc = work.fs.read_only ? LB_E(AUTH) : lb_btrfs_lock(&work.fs, true, true);
	if (rc == 0)
		rc = lb_snapshots_resume(&work.plat, &work.set);
	return rc < 0 ? lb_mode_fail(out, failure_of(rc), "the snapshots on %s: the file system %s",
				     work.root.disk, lb_snapshot_why(rc))
		      : 0;
}

static int choose(bool factory, uint32_t *target, struct lb_mode_result *out)
{
	if (factory && !work.set.factory)
		return lb_mode_fail(out, LB_FAILURE_SNAPSHOT, "there is no factory snapshot on %s",
				    work.root.disk);
	*target = LB_SNAPSHOT_FACTORY;
	if (!factory && lb_snapshot_target(&work.set, target) < 0)
		return lb_mode_fail(out, LB_FAILURE_SNAPSHOT,
				    "there is no snapshot on %s to go back to", work.root.disk);
	return 0;
}

static void tell_hook(void *ctx, const char *path)
{
	const struct lb_mode_ask *ask = ctx;

	ask->step(ask->ctx, path, 50);
}

static void roll_back(const struct lb_mode_ask *mode, uint32_t target, struct lb_mode_result *out)
{
	char date[LB_SNAPSHOT_DATE_MAX], word[LB_SNAPSHOT_NAME_MAX];
	struct lb_rollback_ask ask = {
		.target = target, .created = date, .forget = LB_FORGET_NOTHING};
	struct lb_rollback_report report;
	int rc;

	work.hooks = (struct lb_rollback_hooks){
		.fs = &work.fs, .told = tell_hook, .ctx = (void *)(uintptr_t)mode};
	lb_rollback_hooks_join(&work.hooks, &ask);
	lb_snapshot_date(date);
	lb_snapshot_word(target, word);
	rc = lb_snapshots_rollback(&work.plat, &work.set, &ask, &report);
	if (!report.changed) {
		(void)lb_mode_fail(out, failure_of(rc),
				   "nothing was rolled back: the file system %s",
				   lb_snapshot_why(rc));
		return;
	}
	lb_rollback_told(out->why, word, &report);
}

static void run(const struct lb_mode_ask *ask, struct lb_mode_result *out, bool factory)
{
	uint32_t target = 0;

	*out = (struct lb_mode_result){0};
	work.fs = LB_BTRFS_CLOSED;
	if (open_root(ask->root, out) == 0 && choose(factory, &target, out) == 0)
		roll_back(ask, target, out);
	lb_btrfs_closep(&work.fs);
}

void lb_mode_rollback(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	run(ask, out, false);
}

void lb_mode_factory(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	run(ask, out, true);
}
