#include "lifeboat/upgrade/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/control.h"
#include "lifeboat/record_io.h"
#include "lifeboat/slots/root_place.h"
#include "lifeboat/status_file.h"
#include "lifeboat/turn.h"
#include "lifeboat/upgrade/safe_copy.h"
#include "lifeboat/upgrade/upgrade_kept.h"
#include "lifeboat/upgrade/upgrade_tell.h"
#include "lifeboat/upgrade/upgrade_work.h"
#include "plan/upgrade.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/storage/overlaydev.h"
#include "plat/linux/storage/ram_root.h"
#include "plat/linux/storage/safe_file.h"
#include "plat/linux/storage/takeover.h"

#define GATE_WAIT_S 30

/* The root that runs; in rescue the one that the gate looked for. */
static int find_root(char disk[LB_PATH_MAX], const struct lb_board *board, char *why)
{
	char spec[LB_PATH_MAX];
	struct lb_mount m;
	int rc = LB_E(NOENT);

	if (!lb_root_is_initramfs()) {
		rc = lb_mount_at(&m, "/");
		if (rc == 0 && strcmp(m.fs, "overlay") == 0)
			rc = lb_mount_at(&m, "/rom");
		if (rc == 0)
			rc = lb_disk_by_number(m.major, m.minor, disk);
	} else {
		lb_root_place_now(spec, board);
		rc = lb_blockdev_find(spec, disk, &lb_blockdev_roots);
	}
	if (rc < 0)
		(void)snprintf(why, LB_SENTENCE_MAX, "the device of the root %s", lb_strerror(rc));
	return rc;
}

/* --- from a stick, by the boot gate */

struct request {
	struct lb_upgrade_record u;
};

static void set_request(struct lb_record *r, void *ctx)
{
	/* In rescue: without its stick there is nothing that could be booted instead. */
	const bool begun = r->upgrade.stage == LB_UPGRADE_BEGUN;

	r->upgrade = ((struct request *)ctx)->u;
	if (begun)
		r->upgrade.stage = LB_UPGRADE_BEGUN;
}

static bool gate_can_resume(const struct lb_board *board)
{
	static struct lb_record record;
	struct lb_status s;

	return lb_status_load(&s) == 0 && s.initramfs && lb_record_read(board, &record) == 0;
}

static int fail(char why[LB_SENTENCE_MAX], int rc, const char *what)
{
	(void)snprintf(why, LB_SENTENCE_MAX, "%.180s %s", what, lb_strerror(rc));
	return rc;
}

/* Beside the image, with its name: the stick is the one thing that is there when it goes on. */
static int put_settings(const struct lb_upgrade_job *job, char beside[LB_PATH_MAX])
{
	char text[16384];
	CLEANUP(lb_fd_closep) int in = open(job->settings, O_RDONLY | O_CLOEXEC);
	CLEANUP(lb_fd_closep) int out = -1;
	ssize_t n;

	if (snprintf(beside, LB_PATH_MAX, "%s" LB_UPGRADE_SETTINGS_SUFFIX, job->image) >=
	    LB_PATH_MAX)
		return LB_E(RANGE);
	(void)unlink(beside);
	out = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (in < 0 || out < 0)
		return lb_err_from_errno(errno);
	while ((n = read(in, text, sizeof(text))) > 0)
		if (write(out, text, (size_t)n) != n)
			return lb_err_from_errno(errno);
	if (n < 0 || fsync(out) < 0 || syncfs(out) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

static int fill_request(struct lb_upgrade_record *u, const struct lb_upgrade_job *job,
			const char *place, char *beside, char *why)
{
	int rc;

	*u = (struct lb_upgrade_record){.stage = LB_UPGRADE_ASKED};
	u->flags = (uint8_t)((job->forced ? LB_UPGRADE_FORCED : 0) |
			     (job->ignore_minor ? LB_UPGRADE_IGNORE_MINOR : 0));
	u->image_len = strlen(place);
	memcpy(u->image, place, u->image_len);
	u->image_hash_len = sizeof(u->image_hash);
	rc = lb_upgrade_hash(job->image, u->image_hash);
	if (rc < 0)
		return fail(why, rc, job->image);
	if (!job->settings[0])
		return 0;
	u->settings_len = strlen(place) + strlen(LB_UPGRADE_SETTINGS_SUFFIX);
	if (u->settings_len >= sizeof(u->settings))
		return fail(why, LB_E(RANGE), "the path of the image on the stick");
	memcpy(u->settings, place, strlen(place));
	memcpy(u->settings + strlen(place), LB_UPGRADE_SETTINGS_SUFFIX,
	       strlen(LB_UPGRADE_SETTINGS_SUFFIX));
	rc = put_settings(job, beside);
	if (rc < 0)
		return fail(why, rc, "the copy of the settings beside the image on the stick");
	u->settings_hash_len = sizeof(u->settings_hash);
	rc = lb_upgrade_hash(beside, u->settings_hash);
	return rc < 0 ? fail(why, rc, beside) : 0;
}

static void reboot_now(void)
{
	lb_upgrade_tell("rebooting: the boot gate goes on", -1);
	const char *const reboot[] = {"reboot", NULL};

	sync();
	if (lb_program_run(reboot, true) < 0)
		log_warn("there is no program 'reboot'");
	(void)sleep(GATE_WAIT_S);
}

static int ask_gate(const struct lb_board *board, const struct lb_upgrade_job *job,
		    const char *place, char *why)
{
	static struct request r;
	char beside[LB_PATH_MAX] = "";
	int rc = fill_request(&r.u, job, place, beside, why);

	if (rc == 0) {
		rc = lb_record_change(board, set_request, &r);
		if (rc < 0)
			rc = fail(why, rc,
				  "the recovery record, which the boot gate reads it from,");
	}
	if (rc < 0) {
		if (beside[0])
			(void)unlink(beside);
		return rc;
	}
	log_info(
		"the upgrade is carried out by the boot gate from %s: leave the stick in until the "
		"system is up again",
		place);
	reboot_now();
	return fail(why, LB_E(TIMEOUT), "the reboot, which carries the upgrade out,");
}

/* --- from RAM */

static bool is_on(const struct stat *at, const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 && at->st_dev == st.st_dev && lb_is_tmpfs(dir);
}

static bool stays_in_ram(const char *path, bool flat)
{
	struct stat at;

	return stat(path, &at) == 0 && (is_on(&at, "/run") || (!flat && is_on(&at, "/tmp")));
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	return path[0] && stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* What does not lie in /tmp or /run goes along into the RAM. */
static int collect(struct lb_upgrade_job *job, bool flat, char *why)
{
	uint64_t more_bytes = size_of(job->settings);
	bool move = !stays_in_ram(job->image, flat);
	int rc;

	if (move)
		more_bytes += size_of(job->image);
	rc = lb_ram_root_make(more_bytes, flat, why);
	if (rc < 0)
		return rc;
	if (move && (rc = lb_ram_root_put(job->image, "image", job->image)) < 0)
		return fail(why, rc, "the copy of the image in RAM");
	if (job->settings[0] &&
	    (rc = lb_ram_root_put(job->settings, "settings.tgz", job->settings)) < 0)
		return fail(why, rc, "the copy of the settings in RAM");
	return 0;
}

/* What is in RAM does not survive a power cut. */
static int put_safe(const struct lb_upgrade_job *job, char *why)
{
	int rc = job->settings[0] ? lb_safe_file_put(job->settings) : 0;

	return rc < 0 ? fail(why, rc, "the copy of the settings in the overlay, for a power cut,")
		      : 0;
}

static int write_job(const struct lb_upgrade_job *job)
{
	char text[LB_UPGRADE_JOB_MAX];
	int n = lb_upgrade_job_encode(job, text);

	return n < 0 ? n : lb_file_replace(LB_UPGRADE_JOB_FILE, text, (size_t)n, 0600);
}

/* In failsafe and rescue PID 1 is ours, and listens. */
static bool gate_is_there(void)
{
	struct lb_status s;

	return lb_status_load(&s) == 0 &&
	       (s.state == LB_STATE_FAILSAFE || s.state == LB_STATE_RESCUE);
}

static void note_refusal(const struct lb_board *board, const char *why)
{
	static struct lb_record record;

	if (lb_record_read(board, &record) == 0 && record.upgrade.stage < LB_UPGRADE_BEGUN &&
	    lb_upgrade_note_end(board, LB_UPGRADE_REFUSED, why) < 0)
		log_warn("the recovery record does not take a note");
}

static int go(const struct lb_board *board, const struct lb_takeover *takeover, char *why)
{
	int rc;

	lb_upgrade_tell("stopping the system", -1);
	if (!gate_is_there()) {
		/* PID 1 of ours writes another result over it. */
		note_refusal(board, "the system was stopped, but PID 1 did not make way");
		rc = lb_takeover_run(takeover, why);
		if (rc < 0)
			note_refusal(board, why);
		return rc;
	}
	if (lb_tell_gate("upgrade") < 0)
		return fail(why, LB_E(IO), "the boot gate, which was to be told,");
	(void)sleep(GATE_WAIT_S);
	return fail(why, LB_E(TIMEOUT), "the boot gate, which was told,");
}

/* In rescue. A copy that the record knows of is the only one until the record knows of another. */
static bool has_noted_copy(const struct lb_board *board)
{
	static struct lb_record record;

	return lb_root_is_initramfs() && lb_record_read(board, &record) == 0 &&
	       record.upgrade.stage == LB_UPGRADE_BEGUN && lb_safe_copy_is_noted(&record.upgrade);
}

static int run_from_ram(const struct lb_board *board, struct lb_upgrade_job *job, char *why)
{
	struct lb_takeover takeover = {.way = board->takeover,
				       .helper = "upgrade --go",
				       .image = job->image,
				       .board_file = LB_BOARD_FILE};
	const bool keeps_copy = has_noted_copy(board);
	int rc = gate_is_there() ? 0 : lb_takeover_check(&takeover, why);

	if (rc == 0) {
		lb_upgrade_tell("copying into RAM what is needed", -1);
		rc = collect(job, lb_takeover_is_flat(&takeover), why);
	}
	if (rc == 0 && !keeps_copy)
		rc = put_safe(job, why);
	if (rc < 0) {
		lb_ram_root_drop();
		return rc;
	}
	rc = write_job(job);
	if (rc < 0)
		rc = fail(why, rc, LB_UPGRADE_JOB_FILE);
	else
		rc = go(board, &takeover, why);
	(void)unlink(LB_UPGRADE_JOB_FILE);
	if (!keeps_copy)
		lb_safe_file_drop();
	lb_ram_root_drop();
	return rc;
}

int lb_upgrade_hand_over(const struct lb_board *board, const struct lb_upgrade_job *job,
			 char why[LB_SENTENCE_MAX])
{
	static struct lb_upgrade_job mine;
	char place[LB_PATH_MAX];
	int rc;

	mine = *job;
	rc = mine.root[0] ? lb_blockdev_find(mine.root, mine.root, &lb_blockdev_roots)
			  : find_root(mine.root, board, why);
	if (rc < 0)
		return job->root[0] ? fail(why, rc, job->root) : rc;
	if (lb_turn_take() < 0)
		return fail(why, LB_E(BUSY),
			    "the overlay, which mount_root or a factory reset is at,");
	if (gate_can_resume(board) && lb_upgrade_place_of(mine.image, mine.root, place) == 0)
		return ask_gate(board, &mine, place, why);
	return run_from_ram(board, &mine, why);
}
