#include "lifeboat/upgrade/stage.h"

#include <stdio.h>

#include "lifeboat/apart.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/storage/volume.h"
#include "store/stage.h"

#define DIR_TEMPLATE "/tmp/.lifeboat-stage.XXXXXX"

static const char *const doing[] = {
	[LB_STAGE_CLEAR] = "clearing it",
	[LB_STAGE_FORMAT] = "making a file system",
	[LB_STAGE_MOUNT] = "mounting it",
	[LB_STAGE_PUT] = "writing the settings",
	[LB_STAGE_COMMIT] = "naming the settings",
	[LB_STAGE_UNMOUNT] = "unmounting it",
	[LB_STAGE_COMPARE] = "reading the settings back",
};

static void explain(const char *place, enum lb_stage_step failed, int rc, char *why)
{
	if (rc == LB_E(BUSY) && failed == LB_STAGE_CLEAR)
		(void)snprintf(
			why, LB_SENTENCE_MAX,
			"the overlay on %.80s is in use: settings can only be put beside a system "
			"that does not run",
			place);
	else if (rc == LB_E(NOSPC))
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "the settings are larger than the overlay on %.80s: keep less, or "
			       "upgrade without settings (-n)",
			       place);
	else
		(void)snprintf(why, LB_SENTENCE_MAX, "the new overlay on %.80s failed: %s: it %s",
			       place, doing[failed], lb_strerror(rc));
}

int lb_stage_on(struct lb_stage_dev *s, char why[LB_SENTENCE_MAX])
{
	enum lb_stage_step failed;
	struct plat_stage plat;
	int rc = lb_stage_dev_plat(s, &plat);

	if (rc < 0) {
		(void)snprintf(
			why, LB_SENTENCE_MAX,
			"the overlay on %.80s is too small for any settings: upgrade without "
			"them (-n)",
			s->dev.disk);
		return s->archive[0] ? rc : 0;
	}
	rc = lb_stage_run(&plat, s->archive[0] != '\0', &failed);
	if (rc < 0)
		explain(s->dev.disk, failed, rc, why);
	return rc;
}

static int open_place(struct lb_overlay_dev *out, const char *root_spec, uint64_t off_bytes,
		      char *why)
{
	char disk[LB_PATH_MAX];
	int rc = lb_blockdev_find(root_spec, disk, &lb_blockdev_roots);

	if (rc < 0) {
		(void)snprintf(why, LB_SENTENCE_MAX, "the root %.80s %s", root_spec,
			       lb_strerror(rc));
		return rc;
	}
	rc = lb_volume_open_at(out, disk, off_bytes, false);
	if (rc == LB_E(FORMAT))
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "%.80s holds no squashfs or EROFS: it has no overlay for settings, "
			       "upgrade without them (-n)",
			       root_spec);
	else if (rc < 0)
		(void)snprintf(why, LB_SENTENCE_MAX, "the overlay of %.80s cannot be used: it %s",
			       root_spec, lb_strerror(rc));
	return rc;
}

struct work {
	const char *root_spec, *archive, *dir;
	uint64_t off_bytes;
};

/* In the child. */
static int stage(void *ctx, char why[LB_SENTENCE_MAX])
{
	const struct work *w = ctx;
	struct lb_stage_dev s = {.archive = w->archive, .dir = w->dir};
	int rc = open_place(&s.dev, w->root_spec, w->off_bytes, why);

	if (!w->archive[0] && (rc == LB_E(NOSPC) || rc == LB_E(FORMAT) || rc == LB_E(UNSUP)))
		return 0; /* this root has no place for an overlay, and so no old one */
	return rc < 0 ? rc : lb_stage_on(&s, why); /* what is open ends with this process */
}

int lb_stage_settings(const struct lb_board *board, const char *root_spec, const char *archive,
		      char why[LB_SENTENCE_MAX])
{
	return lb_stage_settings_at(board, root_spec, 0, archive, why);
}

int lb_stage_settings_at(const struct lb_board *board, const char *root_spec, uint64_t off_bytes,
			 const char *archive, char why[LB_SENTENCE_MAX])
{
	char dir[] = DIR_TEMPLATE, said[LB_SENTENCE_MAX] = "";
	struct work w = {
		.root_spec = root_spec, .archive = archive, .dir = dir, .off_bytes = off_bytes};
	int rc;

	rc = lb_apart_run_in(dir, board, stage, &w, said);
	if (rc < 0)
		(void)snprintf(why, LB_SENTENCE_MAX, "%s",
			       said[0] ? said : "putting the settings in place ended by itself");
	return rc;
}
