#include "plan/overlay.h"

#include <string.h>

bool lb_volume_is_flash(enum lb_volume kind)
{
	return kind == LB_VOLUME_MTD || kind == LB_VOLUME_UBI;
}

/* By the size of the overlay's own place: OpenWrt goes by that of the whole disk for a partition,
 * which gives a small one f2fs. */
static enum lb_overlay_fs fs_for(const struct lb_overlay_sense *s)
{
	if (s->kind == LB_VOLUME_MTD)
		return LB_FS_JFFS2;
	if (s->kind == LB_VOLUME_UBI)
		return LB_FS_UBIFS;
	return s->size_bytes > LB_F2FS_ABOVE_BYTES && s->can_f2fs ? LB_FS_F2FS : LB_FS_EXT4;
}

static bool is_large_enough(const struct lb_overlay_sense *s)
{
	return s->size_bytes >=
	       (s->kind == LB_VOLUME_MTD ? LB_OVERLAY_MIN_MTD_BYTES : LB_OVERLAY_MIN_BYTES);
}

/* Bytes that nobody recognises may be the owner's damaged data: they are not ours to format. */
static bool may_format(const struct lb_overlay_sense *s)
{
	return s->format_pending || s->content == LB_CONTENT_DEADCODE ||
	       s->content == LB_CONTENT_BLANK;
}

static void fall_back(struct lb_overlay_plan *p, enum lb_overlay_why why)
{
	p->step = p->on_tmpfs ? LB_STEP_GIVE_UP : LB_STEP_TMPFS;
	p->on_tmpfs = true;
	p->why = why;
}

void lb_overlay_begin(struct lb_overlay_plan *p, const struct lb_overlay_sense *sense)
{
	*p = (struct lb_overlay_plan){.sense = *sense, .fs = fs_for(sense), .step = LB_STEP_MOUNT};
	if (sense->refused != LB_WHY_NOTHING)
		fall_back(p, sense->refused);
	else if (!sense->has_device || !is_large_enough(sense))
		fall_back(p, LB_WHY_NO_DEVICE);
	else if (sense->content == LB_CONTENT_ARCHIVE)
		fall_back(p, LB_WHY_ARCHIVE); /* whatever else asks for a formatting */
	else if (may_format(sense) && sense->kind == LB_VOLUME_MTD)
		fall_back(p, LB_WHY_NOT_READY); /* plan/live_switch.h makes up for it */
	else if (may_format(sense))
		p->step = LB_STEP_FORMAT;
	else if (sense->content == LB_CONTENT_EXT4)
		p->fs = LB_FS_EXT4;
	else if (sense->content == LB_CONTENT_F2FS)
		p->fs = LB_FS_F2FS;
	else if (sense->content == LB_CONTENT_UNKNOWN)
		p->step = LB_STEP_CHECK; /* e2fsck finds an ext4 by the copies of its superblock */
}

/* What is mounted is in place: the stick is tried once, whatever comes after it. */
static void go_on(struct lb_overlay_plan *p)
{
	p->step = p->sense.extroot && !p->attach_tried ? LB_STEP_ATTACH : LB_STEP_SWITCH;
	p->attach_tried = true;
}

void lb_overlay_next(struct lb_overlay_plan *p, int result)
{
	bool ok = result >= 0;

	switch (p->step) {
	case LB_STEP_FORMAT:
		p->formatted = ok;
		if (ok)
			p->step = LB_STEP_MOUNT;
		else
			fall_back(p, LB_WHY_FORMAT_FAILED);
		return;
	case LB_STEP_MOUNT:
		if (ok && p->formatted)
			p->step = LB_STEP_FORGET;
		else if (ok)
			go_on(p);
		else if (!p->checked)
			p->step = LB_STEP_CHECK;
		else
			fall_back(p, p->sense.content == LB_CONTENT_UNKNOWN ? LB_WHY_UNRECOGNISED
									    : LB_WHY_MOUNT_FAILED);
		return;
	case LB_STEP_FORGET:
		if (ok)
			go_on(p);
		else
			fall_back(p, LB_WHY_FORMAT_FAILED);
		return;
	case LB_STEP_CHECK:
		/* Whatever the checker says, only a second mount tells whether the data can be had.
		 */
		p->checked = true;
		p->step = LB_STEP_MOUNT;
		return;
	case LB_STEP_TMPFS:
		if (ok)
			go_on(p);
		else
			p->step = LB_STEP_GIVE_UP;
		return;
	case LB_STEP_ATTACH:
		p->attached = result == LB_ATTACHED_STICK;
		p->step = LB_STEP_SWITCH;
		return;
	case LB_STEP_DETACH:
		p->attached = false;
		p->step = LB_STEP_SWITCH;
		return;
	case LB_STEP_SWITCH:
		if (ok)
			p->step = LB_STEP_DONE;
		else if (p->attached)
			p->step = LB_STEP_DETACH;
		else
			fall_back(p, LB_WHY_SWITCH_FAILED);
		return;
	case LB_STEP_DONE:
	case LB_STEP_GIVE_UP:
		return;
	}
}

const char *lb_overlay_why_text(enum lb_overlay_why why)
{
	switch (why) {
	case LB_WHY_NOTHING:
		break;
	case LB_WHY_NO_DEVICE:
		return "there is no room for an overlay behind the root file system";
	case LB_WHY_AMBIGUOUS:
		return "more than one place for the overlay is called rootfs_data: leave one of them that name";
	case LB_WHY_NO_SUCH_NAME:
		return "there is no volume of the name that fstools_overlay_name asks for on the kernel command line";
	case LB_WHY_PROTECTED:
		return "the place of the overlay is protected: the board file or the built-in list names it as one that "
		       "nothing may write to";
	case LB_WHY_UNREADABLE:
		return "the place of the overlay cannot be read: its device reports errors";
	case LB_WHY_ARCHIVE:
		return "the overlay area holds saved settings that OpenWrt's sysupgrade left there: save them if you want "
		       "them, then run firstboot";
	case LB_WHY_UNRECOGNISED:
		return "the overlay area holds data that is no overlay file system, and nothing asked to erase it";
	case LB_WHY_FORMAT_FAILED:
		return "the overlay could not be formatted";
	case LB_WHY_MOUNT_FAILED:
		return "the overlay is damaged: it could not be mounted, not even after a check";
	case LB_WHY_NOT_READY:
		return "the flash of the overlay is not ready: it is erased once the system has come up without a stick";
	case LB_WHY_SWITCH_FAILED:
		return "the overlay could not be put over the root: is overlayfs in the kernel?";
	}
	return "";
}

enum lb_fs_state lb_fs_state_parse(const char *target)
{
	if (strcmp(target, "1") == 0)
		return LB_FS_STATE_PENDING;
	if (strcmp(target, "2") == 0)
		return LB_FS_STATE_READY;
	if (strcmp(target, "3") == 0)
		return LB_FS_STATE_RESET;
	if (strcmp(target, "4") == 0)
		return LB_FS_STATE_RESET_ALL;
	return LB_FS_STATE_UNKNOWN;
}
