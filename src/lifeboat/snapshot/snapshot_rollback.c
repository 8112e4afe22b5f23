/* "lifeboat snapshot rollback". */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "lifeboat/snapshot/hooks.h"
#include "lifeboat/snapshot/snapshot.h"
#include "tables/tables.h"

static void say(const struct lb_rollback_report *r, const char *word)
{
	if (r->saved)
		(void)printf("Current state saved as snapshot number %u\n", r->saved);
	(void)printf("Rolled back to snapshot %s\n", word);
	if (r->left)
		log_warn(
			"%u subvolumes inside have no place in the new root: they stay in snapshot %u",
			r->left, r->saved);
	if (r->later)
		log_info("the state before is deleted at the next boot");
}

int lb_snapshot_go_back(struct lb_snapshot_session *s, uint32_t target, enum lb_forget forget,
			bool *changed)
{
	static struct lb_rollback_hooks hooks;
	char date[LB_SNAPSHOT_DATE_MAX], word[LB_SNAPSHOT_NAME_MAX];
	struct lb_rollback_ask ask = {.target = target, .created = date, .forget = forget};
	struct lb_rollback_report report;
	int rc;

	hooks = (struct lb_rollback_hooks){.fs = &s->fs};
	lb_rollback_hooks_join(&hooks, &ask);
	lb_snapshot_date(date);
	lb_snapshot_word(target, word);
	rc = lb_snapshots_rollback(&s->plat, &s->set, &ask, &report);
	*changed = report.changed;
	if (report.changed)
		say(&report, word);
	if (rc == 0)
		return LB_EXIT_OK;
	if (rc == LB_E(STATE))
		log_err("the state before the last rollback waits to be deleted at the next boot: reboot first");
	else if (report.changed)
		log_err("the rollback is done, but the state before is not in order: the file system %s; the next "
			"boot or 'lifeboat snapshot' tries again",
			lb_snapshot_why(rc));
	else
		log_err("nothing was rolled back: the file system %s", lb_snapshot_why(rc));
	return rc == LB_E(STATE) ? LB_EXIT_NO : LB_EXIT_SYSTEM;
}

int lb_snapshot_rollback(struct lb_snapshot_session *s, int argc, char **argv)
{
	const char *word = NULL;
	bool forget = false, changed;
	uint32_t target = 0;
	int code;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--forget") == 0)
			forget = true;
		else if (word || lb_snapshot_parse_word(&target, argv[i]) < 0 ||
			 target == LB_SNAPSHOT_CURRENT)
			return lb_snapshot_usage("rollback takes one number or 'factory', not ",
						 argv[i]);
		else
			word = argv[i];
	code = lb_snapshot_open(s, LB_SNAPSHOT_CHANGE);
	if (code != LB_EXIT_OK)
		return code;
	if (!word && lb_snapshot_target(&s->set, &target) < 0) {
		log_err("there is no snapshot to go back to, and no factory state");
		return LB_EXIT_NO;
	}
	if (!lb_snapshot_exists(s, target))
		return LB_EXIT_NO;
	return lb_snapshot_go_back(s, target,
				   !forget			   ? LB_FORGET_NOTHING
				   : target == LB_SNAPSHOT_FACTORY ? LB_FORGET_ALL
								   : LB_FORGET_STATE,
				   &changed);
}
