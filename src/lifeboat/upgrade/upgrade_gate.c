#include "lifeboat/upgrade/upgrade_gate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/child_watch.h"
#include "lifeboat/record_io.h"
#include "lifeboat/upgrade/safe_copy.h"
#include "lifeboat/upgrade/upgrade_kept.h"
#include "lifeboat/upgrade/upgrade_work.h"
#include "plat/linux/machine/proc.h"

static struct lb_record record; /* 9 KiB are too much for the stack of a small machine */

/* The stick that an upgrade which cannot go on waits for; "" = none. */
static struct {
	char place[LB_PATH_MAX];
	bool seen; /* at the last look */
} wanted;

static enum lb_upgrade_boot look(const struct lb_board *board)
{
	if (lb_record_read(board, &record) < 0)
		return LB_UPGRADE_BOOT_AS_EVER;
	return lb_upgrade_at_boot((enum lb_upgrade_stage)record.upgrade.stage,
				  record.upgrade.image_len > 0);
}

static void want_stick(void)
{
	char node[LB_PATH_MAX];

	(void)snprintf(wanted.place, sizeof(wanted.place), "%.*s", (int)record.upgrade.image_len,
		       record.upgrade.image);
	wanted.seen = lb_upgrade_place_find(wanted.place, node) == 0;
}

int lb_upgrade_resume(const struct lb_board *board, const struct plat *p,
		      struct lb_progress *progress, const struct lb_root *root,
		      char why[LB_SENTENCE_MAX])
{
	static struct lb_upgrade_work w;
	enum lb_upgrade_outcome outcome;
	int rc;

	if (look(board) != LB_UPGRADE_BOOT_RESUME)
		return 0;
	w = (struct lb_upgrade_work){
		.board = board,
		.stage = (enum lb_upgrade_stage)record.upgrade.stage,
		.job = {.forced = record.upgrade.flags & LB_UPGRADE_FORCED,
			.ignore_minor = record.upgrade.flags & LB_UPGRADE_IGNORE_MINOR},
		.progress = progress,
		.kept = true,
	};
	memcpy(w.job.root, root->disk, sizeof(w.job.root));
	log_warn("an upgrade from %.*s %s; should the power fail, it goes on at the next boot",
		 (int)record.upgrade.image_len, record.upgrade.image,
		 w.stage == LB_UPGRADE_ASKED ? "begins" : "goes on");
	lb_progress_begin(progress, LB_WORK_UPGRADE);
	lb_progress_shows(progress);
	rc = lb_upgrade_work(p, &w, &outcome, why);
	lb_progress_result(progress, lb_upgrade_result(rc, outcome), why);
	lb_progress_end(progress);
	if (rc == 0)
		return 0;
	want_stick();
	return LB_E(STATE);
}

/* Of a root that has its head. */
static const char *cut_sentence(bool safe)
{
	if (safe)
		return "the root is whole, old or new, and has its settings";
	return record.upgrade.stage == LB_UPGRADE_WRITTEN
		       ? "the new root is whole, but the settings were still in RAM"
		       : "the root is whole; if it is the new one, its settings are gone";
}

static void say_nothing(const struct plat *p, void *ctx)
{
	(void)p;
	(void)ctx;
}

/* Large flash takes longer to be read and mounted than a watchdog waits. */
static bool find_settings(const struct plat *p, const char *disk)
{
	const struct lb_child_way way = {0};
	const pid_t pid = lb_fork();

	if (pid == 0)
		_exit(lb_safe_copy_look(&record.upgrade, disk) == 0 ? 0 : 1);
	return pid > 0 && lb_child_watch(p, pid, &way, say_nothing, NULL) &&
	       access(LB_SAFE_FOUND, R_OK) == 0;
}

static void explain_rescue(const struct plat *p, struct lb_root *root)
{
	const char *rest = "install one again (lifeboat install, sysupgrade)";

	if (lb_safe_copy_is_noted(&record.upgrade))
		rest = find_settings(p, root->disk)
			       ? "the settings are safe: start sysupgrade again, and they go along"
			       : "the settings cannot be found beside the root: start sysupgrade again, "
				 "with -n or -f";
	(void)snprintf(root->why, sizeof(root->why),
		       "an upgrade was cut off while the root was being written, and its image was "
		       "in RAM: %s",
		       rest);
}

void lb_upgrade_settle(const struct lb_board *board, const struct plat *p, struct lb_root *root)
{
	bool safe;
	int rc;

	if (look(board) != LB_UPGRADE_BOOT_TRY)
		return;
	if (root->kind == LB_ROOT_NONE) {
		explain_rescue(p, root);
		return;
	}
	safe = lb_safe_copy_is_noted(&record.upgrade);
	if (record.upgrade.stage == LB_UPGRADE_WRITTEN && safe)
		rc = lb_upgrade_note_end(board, LB_UPGRADE_COMPLETE, "");
	else
		rc = lb_upgrade_note_end(board, LB_UPGRADE_CUT, cut_sentence(safe));
	if (rc < 0)
		log_warn("the recovery record cannot be told of the upgrade that was cut off");
}

bool lb_upgrade_stick_came(void)
{
	char node[LB_PATH_MAX];
	bool before = wanted.seen;

	if (!wanted.place[0])
		return false;
	wanted.seen = lb_upgrade_place_find(wanted.place, node) == 0;
	return wanted.seen && !before;
}
