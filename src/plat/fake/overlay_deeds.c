#include "plat/fake/overlay_deeds.h"

#include <string.h>

#define FORMAT_STAGES 3 /* of a mkfs that is cut: see half_formatted() */
#define DELETE_STAGES 4 /* of names deleted but not yet synced: see half_deleted() */

static struct lb_fake_overlay_disk half_formatted(struct lb_fake_overlay_disk whole, uint64_t stage)
{
	if (whole.kind == LB_VOLUME_UBI && stage % FORMAT_STAGES == 0) {
		whole.volume.mapped[0] = false; /* its superblock comes late */
		whole.content = LB_CONTENT_UNKNOWN;
		memset(whole.flash, 0xFF, LB_FAKE_OVERLAY_BLOCK_BYTES);
	} else if (whole.kind == LB_VOLUME_UBI)
		whole.damage = LB_FAKE_HOPELESS;
	else if (stage % FORMAT_STAGES == 0)
		whole.content = LB_CONTENT_UNKNOWN; /* the old superblock has gone, no new one */
	else
		whole.damage = stage % FORMAT_STAGES == 1 ? LB_FAKE_HOPELESS : LB_FAKE_REPAIRABLE;
	return whole;
}

/* Which of the names are gone is up to the file system: maybe the archive's, maybe others. */
static struct lb_fake_overlay_disk half_deleted(struct lb_fake_overlay_disk now,
						const struct lb_fake_overlay_disk *whole,
						uint64_t stage)
{
	now.in_part = now.owners_data;
	if (stage & 1)
		now.archive = whole->archive;
	if (stage & 2) {
		now.full = whole->full;
		now.knows_stick = whole->knows_stick;
	}
	return now;
}

static struct lb_fake_overlay_disk half_done(const struct lb_fake_overlay *f, uint64_t stage)
{
	switch (f->deed) {
	case LB_FAKE_FORMATTING:
		return half_formatted(f->whole, stage);
	case LB_FAKE_DELETING:
		return half_deleted(f->disk, &f->whole, stage);
	case LB_FAKE_STEP:
		break;
	}
	return f->disk;
}

void lb_fake_overlay_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_overlay *f = ctx;
	uint64_t stage;

	if (f->load.at_stake == 0)
		return;
	switch (lb_fake_what_is_left(fate, &stage)) {
	case LB_FAKE_ALL_LEFT:
		f->disk = f->whole;
		return;
	case LB_FAKE_HALF_LEFT:
		f->disk = half_done(f, stage);
		return;
	case LB_FAKE_NONE_LEFT:
		return;
	}
}

int lb_fake_overlay_change(struct lb_fake_overlay *f, struct lb_fake_overlay_disk whole,
			   enum lb_fake_deed deed)
{
	static const uint64_t stages[] = {[LB_FAKE_STEP] = 1,
					  [LB_FAKE_FORMATTING] = FORMAT_STAGES,
					  [LB_FAKE_DELETING] = DELETE_STAGES};
	enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	f->whole = whole;
	f->deed = deed;
	if (outcome == LB_FAKE_OK || (outcome == LB_FAKE_FAIL && f->failure_is_stored))
		f->disk = whole;
	else if (outcome == LB_FAKE_FAIL)
		f->disk = half_done(f, 0);
	else if (outcome == LB_FAKE_CUT) {
		f->load.at_stake = f->load.under_way = stages[deed];
		lb_fake_power_go_off(f->power);
	}
	return outcome == LB_FAKE_OK ? 0 : LB_E(IO);
}

int lb_fake_overlay_look(struct lb_fake_overlay *f)
{
	enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	if (outcome == LB_FAKE_CUT)
		lb_fake_power_go_off(f->power);
	return outcome == LB_FAKE_OK ? 0 : LB_E(IO);
}

void lb_fake_overlay_need(const struct lb_fake_overlay *f, const char *deed)
{
	if (f->mounted == LB_FAKE_NOTHING && !f->power->off)
		lb_fake_die("nothing is mounted: it has no %s", deed);
}

int lb_fake_overlay_delete(struct lb_fake_overlay *f, bool keep)
{
	struct lb_fake_overlay_disk whole = f->disk;

	lb_fake_overlay_need(f, "content to delete");
	if (f->mounted != LB_FAKE_DISK)
		return lb_fake_overlay_look(f);
	if (f->read_only) {
		int rc = lb_fake_overlay_look(f);

		return rc < 0 ? rc : LB_E(IO);
	}
	whole.owners_data = whole.in_part = whole.full = whole.knows_stick = false;
	whole.archive = keep && whole.archive;
	for (int begun = 0; begun < 2; begun++) {
		enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

		if (outcome == LB_FAKE_OK)
			continue;
		f->whole = half_deleted(f->disk, &whole, begun ? 3 : 0);
		f->deed = LB_FAKE_DELETING;
		if (outcome == LB_FAKE_FAIL)
			f->disk = f->whole;
		if (outcome != LB_FAKE_CUT)
			return LB_E(IO);
		f->load.at_stake = f->load.under_way = DELETE_STAGES;
		lb_fake_power_go_off(f->power);
		return LB_E(IO);
	}
	return lb_fake_overlay_change(f, whole, LB_FAKE_DELETING);
}

int lb_fake_overlay_note(struct lb_fake_overlay *f, enum lb_fake_note note)
{
	struct lb_fake_overlay_disk whole = f->disk;

	if (f->disk.note == LB_FAKE_NO_RECORD) {
		int rc = lb_fake_overlay_look(f);

		return rc < 0 ? rc : LB_E(NOENT);
	}
	whole.note = note;
	return lb_fake_overlay_change(f, whole, LB_FAKE_STEP);
}
