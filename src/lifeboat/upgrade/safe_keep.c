#include "lifeboat/upgrade/safe_keep.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/apart.h"
#include "lifeboat/upgrade/safe_copy.h"
#include "lifeboat/upgrade/stage.h"
#include "lifeboat/upgrade/upgrade_kept.h"
#include "plat/linux/storage/keepdev.h"
#include "plat/linux/storage/volume.h"
#include "store/safe_keep.h"

#define DIR_TEMPLATE "/tmp/.lifeboat-keep.XXXXXX"

struct work {
	const struct lb_safe_keep_job *job;
	int (*run)(const struct plat_safe_keep *p);
	struct lb_keep_dev dev;
	char *why;
};

static int do_make(void *ctx)
{
	const struct work *w = ctx;
	struct lb_stage_dev s = {.dev = w->dev.dev, .archive = w->job->archive, .dir = w->dev.dir};

	log_warn("upgrade: the overlay on %s cannot be used: it is made anew for the settings",
		 s.dev.disk);
	return lb_stage_on(&s, w->why);
}

static int do_note(void *ctx)
{
	const struct work *w = ctx;
	uint8_t hash[LB_SAFE_HASH_BYTES];
	int rc = lb_upgrade_hash(w->job->archive, hash);

	if (rc == 0)
		rc = lb_safe_copy_note(w->job->board, 0, hash, w->why);
	if (rc == LB_E(NOENT))
		log_warn(LB_SAFE_NO_RECORD);
	return rc == LB_E(NOENT) ? 0 : rc;
}

static void explain(const struct work *w, int rc)
{
	if (w->why[0])
		return;
	if (rc == LB_E(NOSPC))
		(void)snprintf(
			w->why, LB_SENTENCE_MAX,
			"the overlay on %.80s is too full for a copy of the settings, which "
			"a power cut could lose without one: keep less, delete something, or "
			"upgrade without settings (-n)",
			w->dev.dev.disk);
	else
		(void)snprintf(w->why, LB_SENTENCE_MAX,
			       "the settings cannot be kept in the overlay on %.80s: it %s",
			       w->dev.dev.disk, lb_strerror(rc));
}

/* In the child. */
static int work(void *ctx, char why[LB_SENTENCE_MAX])
{
	struct work *w = ctx;
	struct plat_safe_keep plat;
	int rc, last;

	w->why = why;
	/* Before anything is made anew for it. */
	if (access(w->job->archive, R_OK) < 0) {
		rc = lb_err_from_errno(errno);
		(void)snprintf(why, LB_SENTENCE_MAX, "%.150s %s", w->job->archive, lb_strerror(rc));
		return rc;
	}
	rc = lb_volume_open_at(&w->dev.dev, w->job->root, 0, false);
	if (rc < 0) {
		(void)snprintf(why, LB_SENTENCE_MAX, "the overlay of %.80s cannot be used: it %s",
			       w->job->root, lb_strerror(rc));
		return rc;
	}
	lb_keep_dev_plat(&w->dev, &plat);
	rc = w->run(&plat);
	last = lb_keep_dev_unmount(&w->dev);
	rc = rc < 0 ? rc : last;
	if (rc < 0)
		explain(w, rc);
	return rc;
}

static int run_apart(const struct lb_safe_keep_job *job, int (*run)(const struct plat_safe_keep *p),
		     char why[LB_SENTENCE_MAX])
{
	char dir[] = DIR_TEMPLATE;
	struct work w = {.job = job,
			 .run = run,
			 .dev = {.dev = {.fd = -1},
				 .archive = job->archive,
				 .dir = dir,
				 .make = do_make,
				 .note = do_note,
				 .ctx = &w}};
	int rc;

	rc = lb_apart_run_in(dir, job->board, work, &w, why);
	if (rc < 0 && !why[0])
		(void)snprintf(why, LB_SENTENCE_MAX, "keeping the settings ended by itself");
	return rc;
}

int lb_safe_keep_carry(const struct lb_safe_keep_job *job, char why[LB_SENTENCE_MAX])
{
	return run_apart(job, lb_safe_keep_begin, why);
}

int lb_safe_keep_place(const struct lb_safe_keep_job *job, char why[LB_SENTENCE_MAX])
{
	return run_apart(job, lb_safe_keep_turn, why);
}
