/* The steps of a rollback, see plan/snapshot.h. */
#include "plan/snapshot.h"

void lb_rollback_begin(struct lb_rollback_plan *p, const struct lb_rollback_sense *sense)
{
	*p = (struct lb_rollback_plan){.sense = *sense, .step = LB_ROLLBACK_NOTE};
}

/* What is to become of the state before, once "@" is the new root. */
static enum lb_rollback_step after_exchange(const struct lb_rollback_plan *p)
{
	if (p->sense.forget != LB_FORGET_ALL)
		return LB_ROLLBACK_NESTED;
	/* Nobody may delete what the system runs on. */
	return p->sense.next_runs ? LB_ROLLBACK_SYNC : LB_ROLLBACK_FORGET;
}

void lb_rollback_resume(struct lb_rollback_plan *p, const struct lb_rollback_sense *sense)
{
	*p = (struct lb_rollback_plan){.sense = *sense, .step = LB_ROLLBACK_DONE};
	if (!sense->next) {
		if (sense->note)
			p->step = LB_ROLLBACK_UNNOTE;
	} else if (!sense->root) {
		p->step = LB_ROLLBACK_PLACE;
	} else if (sense->next_id > sense->root_id) {
		p->step = LB_ROLLBACK_DISCARD;
	} else {
		p->changed = true;
		p->step = after_exchange(p);
	}
}

/* Before the exchange a failure takes everything back; after it there is no way back, and what
 * could not be done waits for the next attempt. */
static enum lb_rollback_step after_failure(const struct lb_rollback_plan *p)
{
	switch (p->step) {
	case LB_ROLLBACK_NOTE:
	case LB_ROLLBACK_MAKE:
		return LB_ROLLBACK_UNNOTE;
	case LB_ROLLBACK_PREPARE:
	case LB_ROLLBACK_EXCHANGE:
		return LB_ROLLBACK_DISCARD;
	case LB_ROLLBACK_PLACE:
	case LB_ROLLBACK_NESTED:
	case LB_ROLLBACK_INFO:
	case LB_ROLLBACK_KEEP:
	case LB_ROLLBACK_FORGET:
	case LB_ROLLBACK_SYNC:
	case LB_ROLLBACK_DISCARD:
	case LB_ROLLBACK_UNNOTE:
	case LB_ROLLBACK_DONE:
	case LB_ROLLBACK_FAILED:
	case LB_ROLLBACK_LATER:
		break;
	}
	return LB_ROLLBACK_FAILED;
}

static enum lb_rollback_step after_success(struct lb_rollback_plan *p)
{
	const struct lb_rollback_sense *s = &p->sense;

	switch (p->step) {
	case LB_ROLLBACK_NOTE:
		return LB_ROLLBACK_MAKE;
	case LB_ROLLBACK_MAKE:
		if (s->prepare)
			return LB_ROLLBACK_PREPARE;
		return s->root ? LB_ROLLBACK_EXCHANGE : LB_ROLLBACK_PLACE;
	case LB_ROLLBACK_PREPARE:
		return s->root ? LB_ROLLBACK_EXCHANGE : LB_ROLLBACK_PLACE;
	case LB_ROLLBACK_PLACE:
		p->changed = true;
		return LB_ROLLBACK_SYNC;
	case LB_ROLLBACK_EXCHANGE:
		p->changed = true;
		return after_exchange(p);
	case LB_ROLLBACK_NESTED:
		if (s->forget == LB_FORGET_NOTHING)
			return LB_ROLLBACK_INFO;
		return s->next_runs ? LB_ROLLBACK_SYNC : LB_ROLLBACK_FORGET;
	case LB_ROLLBACK_INFO:
		return LB_ROLLBACK_KEEP;
	case LB_ROLLBACK_KEEP:
	case LB_ROLLBACK_FORGET:
		return LB_ROLLBACK_SYNC;
	case LB_ROLLBACK_SYNC:
		if (s->forget != LB_FORGET_NOTHING && s->next_runs)
			return LB_ROLLBACK_LATER;
		return LB_ROLLBACK_UNNOTE;
	case LB_ROLLBACK_DISCARD:
		return LB_ROLLBACK_UNNOTE;
	case LB_ROLLBACK_UNNOTE:
	case LB_ROLLBACK_DONE:
	case LB_ROLLBACK_FAILED:
	case LB_ROLLBACK_LATER:
		break;
	}
	return p->result < 0 ? LB_ROLLBACK_FAILED : LB_ROLLBACK_DONE;
}

void lb_rollback_next(struct lb_rollback_plan *p, int result)
{
	/* Something inside is nowhere else: the state before is kept after all. */
	if (p->step == LB_ROLLBACK_FORGET && result == LB_E(STATE) &&
	    p->sense.forget == LB_FORGET_STATE) {
		p->step = LB_ROLLBACK_INFO;
		return;
	}
	/* One of the snapshots is what the system runs on: the rest waits for the next boot. */
	if (p->step == LB_ROLLBACK_FORGET && result == LB_E(BUSY)) {
		p->sense.next_runs = true;
		p->step = LB_ROLLBACK_SYNC;
		return;
	}
	if (result < 0 && p->result == 0)
		p->result = result;
	p->step = result < 0 ? after_failure(p) : after_success(p);
}
