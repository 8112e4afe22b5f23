#include "plan/reflash.h"

static void stop(struct lb_reflash_plan *p, enum lb_reflash_step step, enum lb_reflash_why why)
{
	p->step = step;
	p->why = why;
}

/* Before this run has written anything; whether an earlier one has, only the record knows. */
static void refuse(struct lb_reflash_plan *p, enum lb_reflash_why why)
{
	stop(p, p->sense.begun ? LB_REFLASH_BROKEN : LB_REFLASH_FORGET, why);
}

void lb_reflash_begin(struct lb_reflash_plan *p, const struct lb_reflash_sense *sense)
{
	*p = (struct lb_reflash_plan){.sense = *sense, .step = LB_REFLASH_HASH};
	if (sense->trouble != LB_REFLASH_WHY_NOTHING)
		refuse(p, sense->trouble);
	else if (sense->image_bytes < LB_REFLASH_HEAD_BYTES)
		refuse(p, LB_REFLASH_WHY_NOT_AN_IMAGE);
	else if (sense->image_bytes > sense->target_bytes)
		refuse(p, LB_REFLASH_WHY_TOO_LARGE);
}

/* Steps of which a failure leaves a target that is not whole. */
static void go_on(struct lb_reflash_plan *p, enum lb_reflash_step next, int result)
{
	if (result >= 0)
		p->step = next;
	else
		stop(p, LB_REFLASH_BROKEN,
		     result == LB_E(CRC) ? LB_REFLASH_WHY_NOT_READ_BACK
					 : LB_REFLASH_WHY_NOT_WRITTEN);
}

void lb_reflash_next(struct lb_reflash_plan *p, int result)
{
	bool ok = result >= 0;

	switch (p->step) {
	case LB_REFLASH_HASH:
		if (ok)
			p->step = LB_REFLASH_BEGIN;
		else
			refuse(p, result == LB_E(CRC) ? LB_REFLASH_WHY_WRONG_HASH
						      : LB_REFLASH_WHY_UNREADABLE);
		return;
	case LB_REFLASH_BEGIN:
		if (ok)
			p->step = LB_REFLASH_WIPE;
		else
			refuse(p, LB_REFLASH_WHY_NO_RECORD);
		return;
	case LB_REFLASH_WIPE:
		go_on(p, LB_REFLASH_WRITE, result);
		return;
	case LB_REFLASH_WRITE:
		go_on(p, LB_REFLASH_CLEAR, result);
		return;
	case LB_REFLASH_CLEAR:
		/* A bad block behind the image must not cost the whole device. */
		p->why = ok ? LB_REFLASH_WHY_NOTHING : LB_REFLASH_WHY_NOT_CLEARED;
		p->step = LB_REFLASH_READ_BACK;
		return;
	case LB_REFLASH_READ_BACK:
		go_on(p, LB_REFLASH_HEAD, result);
		return;
	case LB_REFLASH_HEAD:
		go_on(p, LB_REFLASH_END, result);
		return;
	case LB_REFLASH_END:
		/* Whatever is saved there would be wiped again at the next boot. */
		if (ok)
			p->step = LB_REFLASH_DONE;
		else
			stop(p, LB_REFLASH_BROKEN, LB_REFLASH_WHY_NOT_NOTED);
		return;
	case LB_REFLASH_FORGET:
		p->step = LB_REFLASH_REFUSED;
		return;
	case LB_REFLASH_DONE:
	case LB_REFLASH_REFUSED:
	case LB_REFLASH_BROKEN:
		return;
	}
}

const char *lb_reflash_why_text(enum lb_reflash_why why)
{
	switch (why) {
	case LB_REFLASH_WHY_NOTHING:
		break;
	case LB_REFLASH_WHY_NO_IMAGE:
		return "the factory image is not there";
	case LB_REFLASH_WHY_NOT_AN_IMAGE:
		return "the factory image is no ext4, squashfs or EROFS, or it ends early";
	case LB_REFLASH_WHY_TOO_LARGE:
		return "the factory image does not fit into the root partition";
	case LB_REFLASH_WHY_NO_HASH:
		return "the .sha256 file beside the factory image holds no SHA-256";
	case LB_REFLASH_WHY_UNREADABLE:
		return "the factory image cannot be read to its end";
	case LB_REFLASH_WHY_WRONG_HASH:
		return "the factory image does not have the SHA-256 that stands beside it";
	case LB_REFLASH_WHY_NO_RECORD:
		return "the recovery record cannot be written";
	case LB_REFLASH_WHY_NO_TARGET:
		return "the root partition cannot be opened for writing";
	case LB_REFLASH_WHY_NOT_WRITTEN:
		return "the image could not be read or written to its end";
	case LB_REFLASH_WHY_NOT_READ_BACK:
		return "the root partition does not hold what was written to it";
	case LB_REFLASH_WHY_NOT_CLEARED:
		return "what was behind the image before could not be cleared";
	case LB_REFLASH_WHY_NOT_NOTED:
		return "the root is whole again, but the recovery record cannot be told";
	case LB_REFLASH_WHY_IS_TARGET:
		return "the factory image lies on the root partition itself";
	case LB_REFLASH_WHY_PROTECTED:
		return "the root partition, or one in it, is protected: the board file or the built-in list names it as "
		       "one that nothing may write to";
	}
	return "";
}
