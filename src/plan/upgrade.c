#include "plan/upgrade.h"

static void stop(struct lb_upgrade_plan *p, enum lb_upgrade_outcome outcome)
{
	p->outcome = outcome;
	p->step = LB_UPGRADE_STEP_END;
}

void lb_upgrade_begin(struct lb_upgrade_plan *p, const struct lb_upgrade_sense *sense)
{
	*p = (struct lb_upgrade_plan){.sense = *sense, .step = LB_UPGRADE_STEP_CHECK};
}

static void after_check(struct lb_upgrade_plan *p, bool ok)
{
	/* Half an upgrade waits for its stick; one that has not begun must not stop the old system.
	 */
	if (!ok && p->sense.stage >= LB_UPGRADE_BEGUN)
		p->step = LB_UPGRADE_STEP_BROKEN;
	else if (!ok)
		stop(p, LB_UPGRADE_REFUSED);
	else if (p->sense.stage == LB_UPGRADE_WRITTEN)
		p->step = LB_UPGRADE_STEP_PLACE;
	else
		p->step = LB_UPGRADE_STEP_WRITE;
}

static void after_write(struct lb_upgrade_plan *p, int result)
{
	if (result >= 0)
		p->step = LB_UPGRADE_STEP_NOTE;
	else if (result == LB_E(STATE) && p->sense.stage < LB_UPGRADE_BEGUN)
		stop(p, LB_UPGRADE_REFUSED);
	else
		p->step = LB_UPGRADE_STEP_BROKEN;
}

void lb_upgrade_next(struct lb_upgrade_plan *p, int result)
{
	bool ok = result >= 0;

	switch (p->step) {
	case LB_UPGRADE_STEP_CHECK:
		after_check(p, ok);
		return;
	case LB_UPGRADE_STEP_WRITE:
		after_write(p, result);
		return;
	case LB_UPGRADE_STEP_NOTE:
		/* Without the note a cut costs a second writing, and no more. */
		if (p->sense.settings)
			p->step = LB_UPGRADE_STEP_PLACE;
		else
			stop(p, LB_UPGRADE_COMPLETE);
		return;
	case LB_UPGRADE_STEP_PLACE:
		stop(p, ok ? LB_UPGRADE_COMPLETE : LB_UPGRADE_NO_SETTINGS);
		return;
	case LB_UPGRADE_STEP_END:
		/* Settings that were not placed are all that is left of them: they stay. Nor does
		 * anything go while the record still asks for it. */
		if (!ok)
			p->step = LB_UPGRADE_STEP_BROKEN;
		else
			p->step = p->outcome == LB_UPGRADE_NO_SETTINGS ? LB_UPGRADE_STEP_OVER
								       : LB_UPGRADE_STEP_TIDY;
		return;
	case LB_UPGRADE_STEP_TIDY:
		p->step = LB_UPGRADE_STEP_OVER;
		return;
	case LB_UPGRADE_STEP_OVER:
	case LB_UPGRADE_STEP_BROKEN:
		return;
	}
}

enum lb_upgrade_boot lb_upgrade_at_boot(enum lb_upgrade_stage stage, bool kept)
{
	if (stage == LB_UPGRADE_NONE)
		return LB_UPGRADE_BOOT_AS_EVER;
	return kept ? LB_UPGRADE_BOOT_RESUME : LB_UPGRADE_BOOT_TRY;
}

const char *lb_upgrade_outcome_text(enum lb_upgrade_outcome outcome)
{
	switch (outcome) {
	case LB_UPGRADE_OUTCOME_NONE:
		break;
	case LB_UPGRADE_COMPLETE:
		return "complete";
	case LB_UPGRADE_REFUSED:
		return "it did not happen";
	case LB_UPGRADE_NO_SETTINGS:
		return "the new system is there, but without the settings";
	case LB_UPGRADE_CUT:
		return "it was cut off";
	}
	return "";
}
