#include "plan/reset.h"

static void fail(struct lb_reset_plan *p, enum lb_reset_why why)
{
	p->step = LB_RESET_FAILED;
	p->why = why;
}

void lb_reset_begin(struct lb_reset_plan *p, const struct lb_reset_sense *sense)
{
	*p = (struct lb_reset_plan){.sense = *sense, .step = LB_RESET_MARK};
	if (sense->erase && sense->keep)
		fail(p, LB_RESET_WHY_ERASE_KEEP);
	else if (sense->erase && sense->mounted && !sense->reboot)
		fail(p, LB_RESET_WHY_ERASE_MOUNTED);
	else if (sense->erase && sense->mounted && sense->locked)
		fail(p, LB_RESET_WHY_ERASE_LOCKED);
	else if (sense->keep && !sense->mounted)
		fail(p, LB_RESET_WHY_KEEP_UNMOUNTED);
	else if (sense->keep && sense->extroot)
		fail(p, LB_RESET_WHY_KEEP_EXTROOT);
	else if (sense->keep)
		p->step = LB_RESET_REQUEST;
}

/* After the commit: the marker for a plain reset and as a safety net under an erasure. */
static void after_commit(struct lb_reset_plan *p)
{
	const struct lb_reset_sense *s = &p->sense;

	p->committed = true;
	if (s->erase)
		p->step = s->mounted ? LB_RESET_FREEZE : LB_RESET_ERASE;
	else
		p->step = s->mounted && s->writable ? LB_RESET_DELETE : LB_RESET_DONE;
}

void lb_reset_next(struct lb_reset_plan *p, int result)
{
	bool ok = result >= 0;

	switch (p->step) {
	case LB_RESET_MARK:
		if (ok)
			after_commit(p);
		else if (p->sense.mounted && (p->sense.writable || result == LB_E(UNSUP)) &&
			 (!p->sense.erase || result == LB_E(UNSUP)))
			p->step = LB_RESET_REQUEST; /* flash, or a kernel that refuses writes under
						       a mounted file system */
		else
			fail(p, LB_RESET_WHY_NOT_MARKED);
		return;
	case LB_RESET_REQUEST:
		if (ok)
			after_commit(p);
		else
			fail(p, LB_RESET_WHY_NOT_REQUESTED);
		return;
	case LB_RESET_DELETE:
		p->deleted = ok;
		p->step = LB_RESET_DONE;
		p->why = ok ? LB_RESET_WHY_NOTHING : LB_RESET_WHY_NOT_DELETED;
		return;
	case LB_RESET_FREEZE:
		if (ok)
			p->step = LB_RESET_ERASE;
		else
			fail(p, LB_RESET_WHY_NOT_FROZEN);
		return;
	case LB_RESET_ERASE:
		p->deleted = ok;
		if (ok)
			p->step = LB_RESET_DONE;
		else
			fail(p, LB_RESET_WHY_NOT_ERASED);
		return;
	case LB_RESET_DONE:
	case LB_RESET_FAILED:
		return;
	}
}

const char *lb_reset_why_text(enum lb_reset_why why)
{
	switch (why) {
	case LB_RESET_WHY_NOTHING:
		break;
	case LB_RESET_WHY_KEEP_UNMOUNTED:
		return "-k keeps a file of the mounted overlay, and none is mounted: run mount_root first";
	case LB_RESET_WHY_ERASE_MOUNTED:
		return "--erase takes the file system away under the running system: add -r, which reboots right "
		       "afterwards";
	case LB_RESET_WHY_ERASE_KEEP:
		return "--erase leaves nothing that -k could keep: choose one of the two";
	case LB_RESET_WHY_NOT_MARKED:
		return "the marker that asks for the reset could not be written, or did not read back";
	case LB_RESET_WHY_NOT_REQUESTED:
		return "the request for the reset could not be written: nothing was deleted";
	case LB_RESET_WHY_NOT_DELETED:
		return "not everything could be deleted now: the next boot finishes it";
	case LB_RESET_WHY_NOT_FROZEN:
		return "the overlay could not be made read-only to be erased: the next boot formats it";
	case LB_RESET_WHY_NOT_ERASED:
		return "the overlay could not be erased, or did not read back as empty: the next boot formats it";
	case LB_RESET_WHY_ERASE_LOCKED:
		return "a UBI volume cannot be erased while it is mounted: leave --erase out, or use it in failsafe";
	case LB_RESET_WHY_KEEP_EXTROOT:
		return "-k would keep the archive on the extroot, which is not used any more after the reset: copy it away, "
		       "and leave -k out";
	case LB_RESET_WHY_STICK:
		return "the extroot could not be cleared and still holds settings: delete upper on it before it is used again";
	}
	return "";
}
