/* The btrfs that a command works on, and what more than one command does to it. */
#include "lifeboat/snapshot/snapshot.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "lifeboat/slots/root_place.h"
#include "plat/linux/disk/blockdev.h"

#define ROOM_S 10 /* for a file system to free what was deleted */

int lb_snapshot_usage(const char *sentence, const char *word)
{
	(void)fprintf(stderr,
		      "lifeboat snapshot: %s%s; 'lifeboat snapshot help' lists the commands\n",
		      sentence, word);
	return LB_EXIT_USAGE;
}

void lb_snapshot_date(char out[LB_SNAPSHOT_DATE_MAX])
{
	time_t now = time(NULL);
	struct tm tm;

	out[0] = '\0';
	if (localtime_r(&now, &tm))
		(void)strftime(out, LB_SNAPSHOT_DATE_MAX, "%Y-%m-%d %H:%M:%S %z", &tm);
}

/* The root that would be booted, for the modes that work on it by themselves ask the same. In a
 * system that `runs` the kernel has mounted it, and may have been told in a form that only the
 * kernel reads ("179:2"): there it is where the board file has it. */
static int find_root(char device[LB_PATH_MAX], bool runs)
{
	static struct lb_board board;
	char place[LB_PATH_MAX];
	int rc;

	lb_board_for_this_machine(&board, NULL);
	if (!board.subvolume[0])
		return LB_E(NOENT);
	lb_root_place_now(place, &board);
	rc = lb_blockdev_find(place, device, &lb_blockdev_roots);
	return rc == LB_E(FORMAT) && runs ? lb_blockdev_find(board.root, device, &lb_blockdev_roots)
					  : rc;
}

/* That of the running system is the one that is mounted, whatever is said elsewhere. */
static int find_device(const struct lb_snapshot_session *s, char device[LB_PATH_MAX])
{
	const char *path = s->path ? s->path : "/";
	char fs[32] = "";
	int rc = lb_btrfs_device(device, path, fs);

	/* The kernel's name for what root= says, which is no device of /dev. */
	if (rc == 0 && strcmp(device, "/dev/root") != 0)
		return 0;
	if (!s->path && find_root(device, rc == 0) == 0)
		return 0;
	if (rc == LB_E(FORMAT))
		log_err("%s is on %s, and snapshots need btrfs: name a path on one with -d PATH",
			path, fs);
	else
		log_err("%s: the file system that it is on cannot be found; name a path on a btrfs with -d PATH",
			path);
	return LB_E(NOENT);
}

static int ask_lock(void *ctx, bool exclusive, bool wait)
{
	const struct lb_snapshot_session *s = ctx;

	return lb_btrfs_lock(&s->fs, exclusive, wait);
}

static void sleep_s(void *ctx, unsigned seconds)
{
	const struct timespec t = {.tv_sec = seconds};

	(void)nanosleep(&t, NULL);
}

struct lb_patience lb_snapshot_patience(struct lb_snapshot_session *s)
{
	return (struct lb_patience){.ctx = s, .lock = ask_lock, .sleep_s = sleep_s};
}

/* LB_E(BUSY): for too long, for LB_SNAPSHOT_CHANGE_SOON. */
static int lock(struct lb_snapshot_session *s, enum lb_snapshot_access access)
{
	const struct lb_patience patience = lb_snapshot_patience(s);
	const bool exclusive = access != LB_SNAPSHOT_LOOK;
	int rc = lb_btrfs_lock(&s->fs, exclusive, false);

	if (rc != LB_E(BUSY))
		return rc;
	log_info("waiting for another program that works on the snapshots of %s", s->fs.device);
	if (access == LB_SNAPSHOT_CHANGE_SOON)
		return lb_patience_alone(&patience);
	return lb_btrfs_lock(&s->fs, exclusive, true);
}

static int resume(struct lb_snapshot_session *s)
{
	int rc = lb_snapshots_resume(&s->plat, &s->set);

	if (rc == LB_SNAPSHOTS_UNDONE)
		log_info("what was interrupted before it counted has been taken back");
	else if (rc == LB_SNAPSHOTS_FINISHED)
		log_info("a rollback that was interrupted has been finished");
	return rc;
}

static int load(struct lb_snapshot_session *s, enum lb_snapshot_access access)
{
	int rc;

	if (access == LB_SNAPSHOT_LOOK)
		return lb_snapshots_load(&s->plat, &s->set);
	if (s->fs.read_only)
		return LB_E(AUTH);
	rc = resume(s);
	/* Else nobody could make the room that is missing. */
	s->unfinished = rc == LB_E(NOSPC) && access == LB_SNAPSHOT_FREE;
	return s->unfinished ? lb_snapshots_load(&s->plat, &s->set) : rc;
}

void lb_snapshot_finish(struct lb_snapshot_session *s)
{
	int rc = s->unfinished ? LB_E(NOSPC) : 0;

	for (int i = 0; rc == LB_E(NOSPC) && i < ROOM_S; i++) {
		lb_btrfs_reclaim(&s->fs);
		sleep_s(NULL, 1);
		rc = resume(s);
	}
	if (rc < 0)
		log_warn(
			"a rollback that was interrupted is not finished yet: the file system %s; the next boot or "
			"'lifeboat snapshot' tries again",
			lb_snapshot_why(rc));
}

int lb_snapshot_lock(struct lb_snapshot_session *s, enum lb_snapshot_access access)
{
	const char *device = s->fs.device;
	int rc = lock(s, access);

	if (rc == LB_E(BUSY)) {
		log_err("another program has worked on the snapshots of %s for more than %d s: end it",
			device, LB_PATIENCE_S);
		return LB_EXIT_SYSTEM;
	}
	if (rc == 0)
		rc = load(s, access);
	if (rc == LB_E(RANGE))
		log_err("there are more than %d snapshots on %s: delete some with btrfs(8)",
			LB_SNAPSHOTS_MAX, device);
	else if (rc < 0)
		log_err("the snapshots on %s cannot be %s: the file system %s", device,
			access == LB_SNAPSHOT_LOOK ? "read" : "changed", lb_snapshot_why(rc));
	return rc < 0 ? LB_EXIT_SYSTEM : LB_EXIT_OK;
}

int lb_snapshot_open(struct lb_snapshot_session *s, enum lb_snapshot_access access)
{
	char device[LB_PATH_MAX];
	int rc;

	if (find_device(s, device) < 0)
		return LB_EXIT_NO;
	rc = lb_btrfs_open(&s->fs, device);
	if (rc < 0) {
		log_err("the top level of the btrfs on %s cannot be mounted: it %s%s", device,
			lb_strerror(rc), rc == LB_E(AUTH) ? "; be root" : "");
		return LB_EXIT_SYSTEM;
	}
	s->plat = lb_btrfs_plat(&s->fs);
	return lb_snapshot_lock(s, access);
}

bool lb_snapshot_exists(const struct lb_snapshot_session *s, uint32_t number)
{
	char word[LB_SNAPSHOT_NAME_MAX];

	if (number == LB_SNAPSHOT_FACTORY   ? s->set.factory
	    : number == LB_SNAPSHOT_CURRENT ? s->set.root
					    : lb_snapshot_find(&s->set, number) != NULL)
		return true;
	lb_snapshot_word(number, word);
	log_err("there is no snapshot %s; 'lifeboat snapshot list' shows which there are", word);
	return false;
}

int lb_snapshot_make(struct lb_snapshot_session *s, struct lb_snapshot_info *info, const char *text,
		     uint32_t *number)
{
	int rc;

	if (lb_snapshot_filter(info->description, text))
		log_info(
			"the description was changed: letters, digits and .,?!()/;:<>- may stand there");
	lb_snapshot_date(info->created);
	rc = lb_snapshots_create(&s->plat, &s->set, info, number);
	if (rc == LB_E(NOENT))
		log_err("there is no subvolume @ on %s, which a snapshot would be of",
			s->fs.device);
	else if (rc < 0)
		log_err("the snapshot cannot be made: the file system %s", lb_snapshot_why(rc));
	return rc == 0 ? LB_EXIT_OK : rc == LB_E(NOENT) ? LB_EXIT_NO : LB_EXIT_SYSTEM;
}

int lb_snapshot_delete_one(struct lb_snapshot_session *s, uint32_t number, bool all)
{
	int rc = lb_snapshots_delete(&s->plat, &s->set, number, all);

	switch (rc) {
	case 0:
		if (!s->quiet)
			(void)printf("Snapshot %u deleted.\n", number);
		return LB_EXIT_OK;
	case LB_E(NOENT):
		(void)printf("WARNING: Snapshot number %u does not exists!\n", number);
		return LB_EXIT_NO;
	case LB_E(STATE):
		log_err("snapshot %u holds subvolumes that are nowhere else, and is not deleted: delete "
			"them as well with --nested",
			number);
		return LB_EXIT_NO;
	case LB_E(BUSY):
		log_err("the system runs on snapshot %u until it is rebooted: it is not deleted",
			number);
		return LB_EXIT_NO;
	case LB_E(AUTH):
		log_err("snapshot %u cannot be deleted: it is the default subvolume of the file system, or a swap "
			"file in it is in use",
			number);
		return LB_EXIT_NO;
	default:
		log_err("snapshot %u cannot be deleted: the file system %s", number,
			lb_snapshot_why(rc));
		return LB_EXIT_SYSTEM;
	}
}

int lb_snapshot_delete_type(struct lb_snapshot_session *s, enum lb_snapshot_type type, bool all)
{
	int code = LB_EXIT_OK;

	for (size_t i = s->set.count; i-- > 0;)
		if (s->set.all[i].type == type && s->set.all[i].has_info) {
			int one = lb_snapshot_delete_one(s, s->set.all[i].number, all);

			code = one > code ? one : code;
		}
	return code;
}
