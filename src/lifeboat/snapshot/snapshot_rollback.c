/* "lifeboat snapshot rollback" and "savepoint". */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/snapshot/hooks.h"
#include "lifeboat/snapshot/savepoint.h"
#include "lifeboat/snapshot/snapshot.h"
#include "plat/linux/machine/proc.h"
#include "tables/tables.h"

#define MINUTES	    10
#define MINUTES_MAX 1440

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

static int go(struct lb_snapshot_session *s, uint32_t target, enum lb_forget forget)
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
	bool forget = false;
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
	return go(s, target,
		  !forget			  ? LB_FORGET_NOTHING
		  : target == LB_SNAPSHOT_FACTORY ? LB_FORGET_ALL
						  : LB_FORGET_STATE);
}

/* --- a savepoint */

struct savepoint {
	struct lb_snapshot_session *s;
	uint32_t number;
	const char *created;
};

static void warn_everybody(void *ctx)
{
	const char *const argv[] = {
		"wall", "Nobody has said 'commit': rolling back to the savepoint and rebooting",
		NULL};

	if (lb_program_run(argv, true) < 0)
		log_debug("there is no wall to say it with");
}

/* Is it the one that was made then, and still to be confirmed? */
static bool is_pending(void *ctx)
{
	const struct savepoint *p = ctx;
	struct lb_snapshot_info info;

	return lb_snapshots_info(&p->s->plat, p->number, &info) == 0 &&
	       info.type == LB_SNAPSHOT_SAVE && strcmp(info.created, p->created) == 0;
}

static uint64_t boottime_s(void *ctx)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

/* Whoever is locked out cannot end a reader either: that must not keep the savepoint from him. */
static int go_back(void *ctx)
{
	const struct savepoint *p = ctx;
	const struct lb_patience patience = lb_snapshot_patience(p->s);

	if (lb_patience_overrule(&patience) < 0 || !is_pending(ctx) ||
	    lb_snapshots_resume(&p->s->plat, &p->s->set) < 0 ||
	    go(p->s, p->number, LB_FORGET_NOTHING) != LB_EXIT_OK)
		return LB_E(STATE);
	sync();
	return 0;
}

static int restart(void *ctx)
{
	const char *const argv[] = {"reboot", NULL};

	return lb_program_run(argv, true) == 0 ? 0 : LB_E(CHILD);
}

/* In a process of its own, which outlives the terminal. A commit or a reboot ends it. */
static _Noreturn void wait_for_commit(struct lb_snapshot_session *s, uint32_t number,
				      const char *created, unsigned minutes)
{
	struct savepoint point = {.s = s, .number = number, .created = created};
	const struct lb_savepoint_hands hands = {.ctx = &point,
						 .now_s = boottime_s,
						 .sleep_s = lb_snapshot_patience(s).sleep_s,
						 .is_pending = is_pending,
						 .warn = warn_everybody,
						 .go_back = go_back,
						 .reboot = restart};

	_exit(lb_savepoint_watch(&hands, minutes) == LB_SAVEPOINT_FAILED ? 1 : 0);
}

static int start_waiting(struct lb_snapshot_session *s, uint32_t number, unsigned minutes)
{
	struct lb_snapshot_info info;
	pid_t pid;

	if (lb_snapshots_info(&s->plat, number, &info) < 0)
		return LB_EXIT_SYSTEM;
	(void)fflush(stdout);
	pid = lb_fork();
	if (pid == 0) {
		CLEANUP(lb_fd_closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		struct lb_btrfs fs = s->fs;

		(void)setsid();
		for (int fd = 0; null >= 0 && fd <= 2; fd++)
			(void)dup2(null, fd);
		/* A descriptor of its own: the lock goes with the one that was inherited. */
		if (lb_btrfs_open(&s->fs, fs.device) < 0)
			_exit(1);
		(void)close(fs.top);
		wait_for_commit(s, number, info.created, minutes);
	}
	if (pid < 0)
		log_err("nobody waits for 'commit': %s; the savepoint is snapshot %u",
			strerror(errno), number);
	return pid < 0 ? LB_EXIT_SYSTEM : LB_EXIT_OK;
}

int lb_snapshot_savepoint(struct lb_snapshot_session *s, int argc, char **argv)
{
	unsigned minutes = MINUTES;
	uint32_t number;
	int code;

	if (argc > 2 || (argc == 2 && (lb_snapshot_parse_word(&minutes, argv[1]) < 0 ||
				       minutes == 0 || minutes > MINUTES_MAX)))
		return lb_snapshot_usage("savepoint takes minutes, 1 to 1440", "");
	code = lb_snapshot_open(s, LB_SNAPSHOT_CHANGE);
	if (code != LB_EXIT_OK)
		return code;
	code = lb_snapshot_delete_type(s, LB_SNAPSHOT_SAVE, false);
	if (code == LB_EXIT_OK)
		code = lb_snapshot_make(s, LB_SNAPSHOT_SAVE, "Savepoint", &number);
	if (code == LB_EXIT_OK)
		code = start_waiting(s, number, minutes);
	if (code != LB_EXIT_OK)
		return code;
	(void)printf("Snapshot number %u created\n"
		     "Going back to it in %u minutes, unless you say: lifeboat snapshot commit\n",
		     number, minutes);
	return LB_EXIT_OK;
}
