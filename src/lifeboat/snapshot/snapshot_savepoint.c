/* "lifeboat snapshot savepoint", and what becomes of a savepoint when the machine is started. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/disk_wait.h"
#include "lifeboat/snapshot/hooks.h"
#include "lifeboat/snapshot/savepoint.h"
#include "lifeboat/snapshot/savepoint_start.h"
#include "lifeboat/snapshot/snapshot.h"
#include "plat/linux/machine/beside.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/machine/restart.h"
#include "tables/tables.h"

#define MINUTES 10
#define NAME	"lifeboat-save"

struct savepoint {
	struct lb_snapshot_session *s;
	uint32_t number;
	const char *created;
};

/* Nobody waits for it: a terminal that was stopped with Ctrl-S can stop wall for ever, and the disk
 * must not be kept with it. */
static void warn_everybody(void *ctx)
{
	const struct savepoint *p = ctx;
	const char *const argv[] = {
		"wall", "Nobody has said 'commit': rolling back to the savepoint and rebooting",
		NULL};

	if (lb_fork() != 0)
		return;
	lb_btrfs_closep(&p->s->fs);
	if (lb_program_run(argv, true) < 0)
		log_debug("there is no wall to say it with");
	_exit(0);
}

/* Is it the one that was made then, and still to be confirmed? What cannot be read was not. */
static bool is_pending(void *ctx)
{
	const struct savepoint *p = ctx;
	struct lb_snapshot_info info;
	int rc = lb_snapshots_info(&p->s->plat, p->number, &info);

	return rc < 0 ? rc != LB_E(NOENT)
		      : info.type == LB_SNAPSHOT_SAVE && info.wait_minutes > 0 &&
				strcmp(info.created, p->created) == 0;
}

static uint64_t boottime_s(void *ctx)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

/* Whoever is locked out cannot end a reader either: that must not keep the savepoint from him. */
static int lock_and_load(struct lb_snapshot_session *s)
{
	const struct lb_patience patience = lb_snapshot_patience(s);
	int rc = lb_patience_overrule(&patience);

	return rc < 0 ? rc : lb_snapshots_resume(&s->plat, &s->set);
}

/* Nobody waits for a lock that is held until the next try, above all not whoever commits. */
static int go_back(void *ctx)
{
	const struct savepoint *p = ctx;
	bool changed = false;
	int rc = lock_and_load(p->s);

	if (rc < 0) {
		log_err("savepoint %u cannot be gone back to: the file system %s", p->number,
			lb_snapshot_why(rc));
		rc = LB_E(STATE);
	} else if (rc == LB_SNAPSHOTS_WAITING || !is_pending(ctx) ||
		   lb_snapshot_is_left(&p->s->set, p->number)) {
		rc = LB_E(NOENT); /* somebody has gone back to something meanwhile, or committed */
	} else {
		(void)lb_snapshot_go_back(p->s, p->number, LB_FORGET_NOTHING, &changed);
		sync();
		rc = changed ? 0 : LB_E(STATE);
	}
	lb_btrfs_unlock(&p->s->fs);
	return rc;
}

static void restart(void *ctx)
{
	lb_restart(NULL);
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

	if (lb_savepoint_watch(&hands, minutes) != LB_SAVEPOINT_FAILED)
		_exit(0);
	log_err("savepoint %u: gave up after %d attempts to go back to it; say 'lifeboat snapshot rollback %u'",
		number, LB_SAVEPOINT_TRIES, number);
	_exit(1);
}

static int look(struct lb_snapshot_session *s, const char *device, uint32_t number,
		struct lb_snapshot_info *info)
{
	int rc;

	s->fs = LB_BTRFS_CLOSED;
	rc = lb_btrfs_open(&s->fs, device);
	if (rc < 0)
		return rc;
	s->plat = lb_btrfs_plat(&s->fs);
	rc = lb_snapshots_info(&s->plat, number, info);
	if (rc == LB_E(NOENT))
		_exit(0); /* it is committed already */
	if (rc < 0)
		lb_btrfs_closep(&s->fs);
	return rc;
}

/* Another descriptor of its own than whoever forked: the lock goes with the one that was inherited.
 * The disk may not be there at once: the system's init mounts /dev anew. */
static _Noreturn void wait_for(struct lb_snapshot_session *s, const char *device, uint32_t number)
{
	const struct lb_disk_wait w = lb_disk_wait_begin(LB_DISK_WAIT_MS);
	struct lb_snapshot_info info;
	int rc = look(s, device, number, &info);

	while (rc < 0 && lb_disk_wait_goes_on(&w))
		rc = look(s, device, number, &info);
	if (rc < 0) {
		log_err("nobody waits for the 'commit' of savepoint %u: it cannot be read from %s, which %s",
			number, device, lb_snapshot_why(rc));
		_exit(1);
	}
	wait_for_commit(s, number, info.created, info.wait_minutes);
}

static int start_waiting(struct lb_snapshot_session *s, uint32_t number)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = lb_fork();
	if (pid == 0) {
		CLEANUP(lb_fd_closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		const struct lb_btrfs inherited = s->fs;

		for (int fd = 0; null >= 0 && fd <= 2; fd++)
			(void)dup2(null, fd);
		lb_beside(NAME);
		wait_for(s, inherited.device, number);
	}
	if (pid < 0)
		log_err("nobody waits for 'commit': %s; the savepoint is snapshot %u",
			strerror(errno), number);
	return pid < 0 ? LB_EXIT_SYSTEM : LB_EXIT_OK;
}

int lb_snapshot_savepoint(struct lb_snapshot_session *s, int argc, char **argv)
{
	struct lb_snapshot_info info = {.type = LB_SNAPSHOT_SAVE};
	unsigned minutes = MINUTES;
	uint32_t number;
	int code;

	if (argc > 2 || (argc == 2 && (lb_snapshot_parse_word(&minutes, argv[1]) < 0 ||
				       minutes == 0 || minutes > LB_SNAPSHOT_WAIT_MAX)))
		return lb_snapshot_usage("savepoint takes minutes, 1 to 1440", "");
	code = lb_snapshot_open(s, LB_SNAPSHOT_CHANGE);
	if (code != LB_EXIT_OK)
		return code;
	code = lb_snapshot_delete_type(s, LB_SNAPSHOT_SAVE, false);
	info.wait_minutes = (uint16_t)minutes;
	if (code == LB_EXIT_OK)
		code = lb_snapshot_make(s, &info, "Savepoint", &number);
	if (code == LB_EXIT_OK)
		code = start_waiting(s, number);
	if (code != LB_EXIT_OK)
		return code;
	(void)printf("Snapshot number %u created\n"
		     "Going back to it in %u minutes, unless you say: lifeboat snapshot commit\n",
		     number, minutes);
	return LB_EXIT_OK;
}

/* --- at the start of the machine */

/* Nobody waits any more, or the machine was started meanwhile. Returns the minutes to wait. */
static unsigned remember(const struct plat_snapshots *p, const struct lb_snapshot_set *set,
			 uint32_t number, bool over)
{
	struct lb_snapshot_info info;
	int rc = lb_snapshots_info(p, number, &info);

	if (rc == 0) {
		info.started = true;
		if (over)
			info.wait_minutes = 0;
		rc = lb_snapshots_modify(p, set, number, &info);
	}
	if (rc < 0)
		log_warn("what became of savepoint %u cannot be stored: the file system %s", number,
			 lb_snapshot_why(rc));
	return rc < 0 ? MINUTES : info.wait_minutes;
}

uint32_t lb_savepoint_start(const struct lb_btrfs *fs, const struct plat_snapshots *p,
			    struct lb_snapshot_set *set)
{
	const struct lb_snapshot *waiting = lb_snapshot_waiting(set);
	char date[LB_SNAPSHOT_DATE_MAX];
	static struct lb_rollback_hooks hooks;
	struct lb_rollback_ask ask = {.created = date};
	struct lb_rollback_report report;
	int rc;

	if (!waiting)
		return 0;
	ask.target = waiting->number;
	if (lb_snapshot_is_left(set, ask.target)) {
		/* Before what tells of it may be deleted. */
		(void)remember(p, set, ask.target, true);
		return 0;
	}
	if (!waiting->started) {
		log_warn(
			"snapshot %u is a savepoint that nobody has confirmed: say 'lifeboat snapshot commit' within "
			"%u minutes, or the router goes back to it, as it does at the next start",
			ask.target, remember(p, set, ask.target, false));
		return ask.target;
	}
	hooks = (struct lb_rollback_hooks){.fs = fs};
	lb_rollback_hooks_join(&hooks, &ask);
	lb_snapshot_date(date);
	rc = lb_snapshots_rollback(p, set, &ask, &report);
	if (!report.changed) {
		log_err("savepoint %u cannot be gone back to: the file system %s", ask.target,
			lb_snapshot_why(rc));
		return ask.target;
	}
	log_warn(
		"nobody has confirmed savepoint %u, and the router was started again: what was tried is snapshot %u",
		ask.target, report.saved);
	(void)remember(p, set, ask.target, true);
	return 0;
}

void lb_savepoint_guard(const char *device, uint32_t number)
{
	static struct lb_snapshot_session session;
	pid_t pid = lb_fork();

	if (pid < 0)
		log_err("nobody waits for the 'commit' of savepoint %u: %s", number,
			strerror(errno));
	if (pid != 0)
		return;
	lb_beside(NAME);
	wait_for(&session, device, number);
}
