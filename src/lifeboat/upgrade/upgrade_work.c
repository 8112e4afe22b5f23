#include "lifeboat/upgrade/upgrade_work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "install/install.h"
#include "install/source.h"
#include "lifeboat/child_watch.h"
#include "lifeboat/record_io.h"
#include "lifeboat/ubi_place.h"
#include "lifeboat/upgrade/safe_copy.h"
#include "lifeboat/upgrade/safe_keep.h"
#include "lifeboat/upgrade/stage.h"
#include "lifeboat/upgrade/upgrade_kept.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/disk/target.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/proc.h"
#include "store/upgrade.h"

#define PHASE_PLACE (LB_INSTALL_READ_BACK + 1)

/* What the child tells PID 1 while it works, in memory that both see. */
struct talk {
	struct lb_child_way way;
	_Atomic int phase;
	struct lb_progress *progress; /* from here PID 1's own */
	int said_phase, said_tenth;
	/* Read after the child's end only. */
	int rc;
	enum lb_upgrade_outcome outcome;
	char why[LB_SENTENCE_MAX];
};

/* In the child. */
struct work {
	const struct lb_upgrade_work *w;
	struct talk *talk;
	char image[LB_PATH_MAX], settings[LB_PATH_MAX];
	char root[LB_PATH_MAX]; /* its block device: another one once a UBI volume was exchanged */
	bool begun;		/* the record says so */
	bool moves;		/* the overlay will be somewhere else at the next boot */
	/* The settings stay on the medium, and have their place before the root is whole: behind
	 * the root, or in an overlay with a place of its own. */
	bool safe, own_overlay;
	const struct plat_target *target;
	uint64_t began_ms;
};

/* --- the record */

struct change {
	enum lb_upgrade_stage stage;
	bool in_ram; /* neither image nor settings lie where the record may still say they do */
	enum lb_upgrade_outcome outcome;
	uint32_t took_ms;
	const char *why;
};

static void set_stage(struct lb_record *r, void *ctx)
{
	const struct change *c = ctx;

	r->upgrade.stage = (uint8_t)c->stage;
	if (c->in_ram) {
		r->upgrade.image_len = r->upgrade.image_hash_len = 0;
		r->upgrade.settings_len = r->upgrade.settings_hash_len = 0;
	}
	/* Neither the old overlay nor what was to become of it is there any more. */
	if (c->stage == LB_UPGRADE_BEGUN)
		r->overlay = LB_RECORD_OVERLAY_NEW;
}

static void set_said(struct lb_upgrade_record *u, const char *why)
{
	size_t n = 0;

	for (; why[n] && n < sizeof(u->said) - 1; n++)
		u->said[n] = why[n] >= ' ' && why[n] <= '~' ? why[n] : '?';
	if (n > 0)
		u->said[n++] = '\n';
	u->said_len = n;
}

static void set_end(struct lb_record *r, void *ctx)
{
	const struct change *c = ctx;

	r->upgrade = (struct lb_upgrade_record){.outcome = (uint8_t)c->outcome,
						.at_s = (uint64_t)time(NULL),
						.took_ms = c->took_ms};
	set_said(&r->upgrade, c->why);
}

static int note_stage(const struct lb_board *board, enum lb_upgrade_stage stage, bool in_ram)
{
	struct change c = {.stage = stage, .in_ram = in_ram};

	return lb_record_change(board, set_stage, &c);
}

static int note_end(const struct lb_board *board, struct change *c)
{
	return lb_record_change(board, set_end, c);
}

int lb_upgrade_note_end(const struct lb_board *board, enum lb_upgrade_outcome outcome,
			const char *why)
{
	struct change c = {.outcome = outcome, .why = why};

	return note_end(board, &c);
}

/* --- the child's steps */

static int do_check(void *ctx)
{
	struct work *k = ctx;
	struct lb_record *r;
	int rc;

	if (!k->w->kept) {
		memcpy(k->image, k->w->job.image, sizeof(k->image));
		memcpy(k->settings, k->w->job.settings, sizeof(k->settings));
		return 0;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return LB_E(NOSPC);
	rc = lb_record_read(k->w->board, r);
	if (rc == 0)
		rc = lb_upgrade_kept_open(&r->upgrade, k->image, k->settings, k->talk->why);
	free(r);
	return rc;
}

/* A board without record has nothing to be told: the head alone says what is whole. */
static int note_begun(void *ctx)
{
	struct work *k = ctx;
	int rc = note_stage(k->w->board, LB_UPGRADE_BEGUN, !k->w->kept);

	k->begun = rc == 0 || (rc == LB_E(NOENT) && !k->w->kept);
	return k->begun ? 0 : rc;
}

static struct lb_verified verified;

static struct lb_safe_keep_job keep_job(const struct work *k)
{
	return (struct lb_safe_keep_job){
		.board = k->w->board, .root = k->root, .archive = k->settings};
}

static int keep_settings(struct work *k)
{
	const struct lb_safe_keep_job job = keep_job(k);
	int rc = lb_safe_keep_carry(&job, k->talk->why);

	k->begun = k->begun || rc == 0;
	return rc;
}

/* The same, and all that keeps the settings on the medium. */
static int carry_settings(void *ctx)
{
	struct work *k = ctx;
	const struct lb_safe_job job = {.board = k->w->board,
					.root = k->root,
					.archive = k->settings,
					.target = k->target,
					.overlay_bytes = lb_scan_overlay_bytes(&verified.scan),
					.begun = k->begun};

	atomic_store(&k->talk->way.total_bytes, 0);
	atomic_store(&k->talk->phase, PHASE_PLACE);
	if (k->own_overlay)
		return keep_settings(k);
	return lb_safe_copy_carry(&job, &k->begun, k->talk->why);
}

static void progress(void *ctx, enum lb_install_phase phase, uint64_t done_bytes,
		     uint64_t total_bytes)
{
	struct talk *t = ((struct work *)ctx)->talk;

	atomic_store(&t->phase, (int)phase);
	atomic_store(&t->way.total_bytes, total_bytes);
	atomic_store(&t->way.done_bytes, done_bytes);
}

/* The new root must not find the old overlay. Those of a stick are placed later. */
static int clear_overlay(void *ctx)
{
	struct work *k = ctx;
	const struct lb_safe_keep_job job = keep_job(k);

	if (k->moves || (k->settings[0] && !k->own_overlay))
		return 0;
	if (k->own_overlay)
		return lb_safe_keep_place(&job, k->talk->why);
	return lb_stage_settings(k->w->board, k->root, "", k->talk->why);
}

static int install(struct work *k, const struct plat_target targets[LB_SCAN_PARTS], int fd)
{
	static struct lb_install_report report;
	const struct lb_upgrade_work *w = k->w;
	const bool behind = k->safe && !k->own_overlay;
	const struct lb_install_ask ask = {
		.image = {.image = k->image,
			  .fd = fd,
			  .board = w->board,
			  .door = LB_DOOR_COMMAND, /* whoever started it has been asked */
			  .drop_settings = !k->settings[0],
			  .ignore_minor = w->job.ignore_minor},
		.verified = &verified,
		.target = &targets[LB_SCAN_ROOT],
		.kernel = w->board->kernel[0] ? &targets[LB_SCAN_KERNEL] : NULL,
		.running = true,
		.clear_rest = !behind,
		.keep_rest = behind,
		.force = w->job.forced,
		.ctx = k,
		.begin = k->safe ? carry_settings : note_begun,
		.clear = clear_overlay,
		.progress = progress,
	};
	int rc = lb_install_run(&report, &ask);

	if (rc < 0 && !k->talk->why[0])
		(void)snprintf(k->talk->why, sizeof(k->talk->why), "%.*s",
			       (int)sizeof(k->talk->why) - 1, report.why);
	return rc;
}

/* The old root must not outlast the new kernel that an archive brings. */
static int open_root(struct work *k, struct lb_target *target, struct plat_target *plat,
		     bool archive)
{
	const struct lb_board *board = k->w->board;
	const bool kernel = archive && board->kernel[0];
	const char *place;
	char node[LB_PATH_MAX];
	int rc;

	lb_blockdev_raw_of(k->root, node);
	place = lb_ubi_place_name(board, node);
	rc = lb_target_open(target, plat, place, kernel ? 0 : lb_ubi_place_flags(board, place),
			    k->talk->why);
	if (rc < 0)
		return rc;
	k->moves = target->flash.moves;
	if (!k->moves || !k->settings[0])
		return 0;
	lb_target_closep(target);
	(void)snprintf(
		k->talk->why, sizeof(k->talk->why),
		"the kernel cuts the overlay's partition off behind the image on %.80s, so that "
		"it begins somewhere else at the next boot and settings cannot be put there: "
		"upgrade without them (-n)",
		node);
	return LB_E(UNSUP);
}

static int open_kernel(struct work *k, struct lb_target *target, struct plat_target *plat)
{
	const struct lb_board *board = k->w->board;

	lb_target_none(target);
	if (!board->kernel[0])
		return 0;
	return lb_target_open(target, plat, board->kernel, lb_ubi_place_flags(board, board->kernel),
			      k->talk->why);
}

static int do_write(void *ctx)
{
	static struct lb_target target, kernel;
	struct work *k = ctx;
	CLEANUP(lb_fd_closep) int fd = open(k->image, O_RDONLY | O_CLOEXEC);
	/* Where the overlay of its root will begin shows only when that is there. */
	const bool archive = fd >= 0 && lb_source_is_archive(fd);
	struct plat_target plats[LB_SCAN_PARTS];
	int rc;

	if (fd < 0) {
		rc = lb_err_from_errno(errno);
		(void)snprintf(k->talk->why, sizeof(k->talk->why), "%.150s %s", k->image,
			       lb_strerror(rc));
		return LB_E(STATE);
	}
	rc = open_root(k, &target, &plats[LB_SCAN_ROOT], archive);
	if (rc < 0)
		return LB_E(STATE);
	k->target = &plats[LB_SCAN_ROOT];
	k->safe = !k->w->kept && k->settings[0] && (!lb_safe_copy_can(&target) || !archive);
	k->own_overlay = k->safe && !lb_safe_copy_can(&target);
	if (!k->w->kept && k->settings[0] && !k->safe)
		log_warn("upgrade: the settings are in RAM only until the new system is there: "
			 "do not switch off");
	rc = open_kernel(k, &kernel, &plats[LB_SCAN_KERNEL]);
	if (rc == 0)
		rc = install(k, plats, fd);
	if (rc == 0)
		lb_blockdev_disk_of(target.node, k->root);
	lb_target_closep(&kernel);
	lb_target_closep(&target);
	if (rc < 0)
		return k->begun ? LB_E(IO) : LB_E(STATE);
	return 0;
}

static int do_note(void *ctx, enum lb_upgrade_stage stage)
{
	return note_stage(((struct work *)ctx)->w->board, stage, false);
}

static int do_place(void *ctx)
{
	struct work *k = ctx;

	if (k->safe)
		return 0;
	atomic_store(&k->talk->way.total_bytes, 0);
	atomic_store(&k->talk->phase, PHASE_PLACE);
	if (k->moves)
		return 0;
	return lb_stage_settings(k->w->board, k->root, k->settings, k->talk->why);
}

static int do_end(void *ctx, enum lb_upgrade_outcome outcome)
{
	struct work *k = ctx;
	struct change c = {.outcome = outcome,
			   .took_ms = (uint32_t)(lb_monotonic_ms() - k->began_ms),
			   .why = outcome == LB_UPGRADE_COMPLETE ? "" : k->talk->why};
	int rc = note_end(k->w->board, &c);

	/* Nobody will look for what a board without record has not noted. */
	return rc == LB_E(NOENT) && !k->w->kept ? 0 : rc;
}

static int do_tidy(void *ctx)
{
	struct work *k = ctx;

	return k->w->kept ? lb_upgrade_kept_tidy(k->settings) : 0;
}

static void work(struct work *k)
{
	const struct plat_upgrade p = {.ctx = k,
				       .check = do_check,
				       .write = do_write,
				       .note = do_note,
				       .place = do_place,
				       .end = do_end,
				       .tidy = do_tidy};
	const struct lb_upgrade_sense sense = {.stage = k->w->stage, .settings = true};

	k->talk->rc = lb_upgrade_run(&p, &sense, &k->talk->outcome);
	if (k->w->kept)
		lb_upgrade_kept_close();
}

/* --- PID 1's part */

static const char *const phases[] = {
	[LB_INSTALL_VERIFY] = "checking the image",
	[LB_INSTALL_WRITE] = "writing",
	[LB_INSTALL_READ_BACK] = "reading back",
	[PHASE_PLACE] = "passing on the settings",
};

static void tell_progress(struct lb_progress *progress, int phase, uint64_t done_bytes,
			  uint64_t total_bytes)
{
	lb_progress_step(progress, phases[phase],
			 total_bytes ? (int)(done_bytes * 100 / total_bytes) : -1);
}

static void say_progress(const struct plat *p, void *ctx)
{
	struct talk *t = ctx;
	uint64_t total_bytes = atomic_load(&t->way.total_bytes);
	uint64_t done_bytes = atomic_load(&t->way.done_bytes);
	int phase = atomic_load(&t->phase);
	int tenth = total_bytes ? (int)(done_bytes * 10 / total_bytes) : 0;
	char line[80];

	tell_progress(t->progress, phase, done_bytes, total_bytes);

	if (!total_bytes || (phase == t->said_phase && tenth <= t->said_tenth))
		return;
	t->said_phase = phase;
	t->said_tenth = tenth;
	(void)snprintf(line, sizeof(line), "lifeboat: upgrade: %s: %d %%", phases[phase],
		       tenth * 10);
	p->say(p->ctx, line);
}

const char *lb_upgrade_result(int rc, enum lb_upgrade_outcome outcome)
{
	static const char *const words[] = {[LB_UPGRADE_COMPLETE] = LB_RESULT_COMPLETE,
					    [LB_UPGRADE_REFUSED] = "refused",
					    [LB_UPGRADE_NO_SETTINGS] = "without-settings",
					    [LB_UPGRADE_CUT] = "cut"};

	return rc < 0 || outcome == LB_UPGRADE_OUTCOME_NONE ? "broken" : words[outcome];
}

static struct talk *new_talk(void)
{
	void *shared = mmap(NULL, sizeof(struct talk), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

static void run_child(const struct plat *p, const struct lb_upgrade_work *w, struct talk *t)
{
	static struct work k;
	pid_t pid;

	t->rc = LB_E(CHILD); /* until it says otherwise */
	t->said_phase = -1;
	t->progress = w->progress;
	pid = lb_fork();
	if (pid == 0) {
		k = (struct work){.w = w, .talk = t, .began_ms = lb_monotonic_ms()};
		k.begun = w->stage >= LB_UPGRADE_BEGUN;
		memcpy(k.root, w->job.root, sizeof(k.root));
		work(&k);
		_exit(0);
	}
	if (pid < 0 || !lb_child_watch(p, pid, &t->way, say_progress, t))
		(void)snprintf(t->why, sizeof(t->why),
			       pid < 0 ? "no process can be started"
				       : "a device does not answer any more");
}

int lb_upgrade_work(const struct plat *p, const struct lb_upgrade_work *w,
		    enum lb_upgrade_outcome *outcome, char why[LB_SENTENCE_MAX])
{
	struct talk *t = new_talk();
	int rc;

	if (!t) {
		(void)snprintf(why, LB_SENTENCE_MAX, "there is no memory for an upgrade");
		return LB_E(STATE);
	}
	run_child(p, w, t);
	memcpy(why, t->why, LB_SENTENCE_MAX);
	rc = t->rc < 0 ? LB_E(STATE) : 0;
	if (rc == 0)
		*outcome = t->outcome;
	if (rc < 0 && !why[0])
		(void)snprintf(why, LB_SENTENCE_MAX, "the upgrade ended in its middle");
	(void)munmap(t, sizeof(*t));
	return rc;
}
