#include "plan/live_switch.h"

void lb_live_begin(struct lb_live_plan *p)
{
	*p = (struct lb_live_plan){.step = LB_LIVE_NOTE};
}

/* Every step that fails before the root was changed. */
static void leave(struct lb_live_plan *p, enum lb_live_why why, int result)
{
	p->why = result == LB_E(STATE) && !p->committed ? LB_LIVE_WHY_RESET : why;
	p->step = LB_LIVE_LEAVE;
}

static void after_copy(struct lb_live_plan *p, int result)
{
	if (result < 0)
		leave(p, result == LB_E(NOSPC) ? LB_LIVE_WHY_NO_ROOM : LB_LIVE_WHY_NOT_COPIED,
		      result);
	else if (result == 0 || ++p->passes == LB_LIVE_PASSES_MAX)
		p->step = LB_LIVE_COMMIT;
}

void lb_live_next(struct lb_live_plan *p, int result)
{
	const bool ok = result >= 0;

	switch (p->step) {
	case LB_LIVE_NOTE: /* without a record, or when it fails: the staging directory tells */
		p->step = LB_LIVE_ERASE;
		if (result == LB_E(STATE))
			leave(p, LB_LIVE_WHY_NOTHING, result);
		return;
	case LB_LIVE_ERASE:
		p->step = LB_LIVE_MOUNT;
		if (!ok)
			leave(p, LB_LIVE_WHY_NOT_ERASED, result);
		return;
	case LB_LIVE_MOUNT:
		p->step = LB_LIVE_COPY;
		if (!ok)
			leave(p, LB_LIVE_WHY_NOT_MOUNTED, result);
		return;
	case LB_LIVE_COPY:
		after_copy(p, result);
		return;
	case LB_LIVE_COMMIT:
		p->step = LB_LIVE_UNNOTE;
		if (!ok)
			leave(p,
			      result == LB_E(NOSPC) ? LB_LIVE_WHY_NO_ROOM : LB_LIVE_WHY_NOT_COPIED,
			      result);
		return;
	case LB_LIVE_UNNOTE:
		p->committed = ok || result == LB_E(NOENT);
		p->step = LB_LIVE_ENTER;
		if (!p->committed)
			leave(p, LB_LIVE_WHY_RECORD, result);
		return;
	case LB_LIVE_ENTER:
		p->step = LB_LIVE_CATCH_UP;
		if (!ok)
			leave(p, LB_LIVE_WHY_NOT_ENTERED, result);
		return;
	case LB_LIVE_CATCH_UP:
		p->complete = ok;
		p->step = LB_LIVE_DONE;
		return;
	case LB_LIVE_LEAVE:
		p->step = LB_LIVE_ON_RAM;
		return;
	case LB_LIVE_DONE:
	case LB_LIVE_ON_RAM:
		return;
	}
}

const char *lb_live_why_text(enum lb_live_why why)
{
	switch (why) {
	case LB_LIVE_WHY_NOTHING:
		break;
	case LB_LIVE_WHY_RESET:
		return "a factory reset was asked for: the next boot starts with nothing";
	case LB_LIVE_WHY_NOT_ERASED:
		return "the flash of the overlay could not be erased";
	case LB_LIVE_WHY_NOT_MOUNTED:
		return "the flash of the overlay could not be mounted after it was erased";
	case LB_LIVE_WHY_NO_ROOM:
		return "what was changed does not fit on the flash: delete something, then run 'mount_root done'";
	case LB_LIVE_WHY_NOT_COPIED:
		return "what was changed could not be copied to the flash";
	case LB_LIVE_WHY_RECORD:
		return "the recovery record could not be written, and would have the flash erased again";
	case LB_LIVE_WHY_NOT_ENTERED:
		return "the overlay on flash could not be put over the root: what is changed from now on is lost, "
		       "what was before is there after a reboot";
	}
	return "";
}
