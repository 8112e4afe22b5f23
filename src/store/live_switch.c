#include "store/live_switch.h"

#include "base/log.h"

static int note(const struct plat_live_switch *p)
{
	int rc = p->note(p->ctx, 1);

	if (rc < 0 && rc != LB_E(NOENT) && rc != LB_E(STATE))
		log_warn("the recovery record %s: it does not know that the flash is being erased",
			 lb_strerror(rc));
	return rc;
}

static int carry_out(const struct plat_live_switch *p, enum lb_live_step step)
{
	switch (step) {
	case LB_LIVE_NOTE:
		return note(p);
	case LB_LIVE_ERASE:
		return p->erase(p->ctx);
	case LB_LIVE_MOUNT:
		return p->mount(p->ctx);
	case LB_LIVE_COPY:
		return p->copy(p->ctx);
	case LB_LIVE_COMMIT:
		return p->commit(p->ctx);
	case LB_LIVE_UNNOTE:
		return p->note(p->ctx, 0);
	case LB_LIVE_ENTER:
		return p->enter(p->ctx);
	case LB_LIVE_CATCH_UP:
		return p->catch_up(p->ctx);
	case LB_LIVE_LEAVE:
		return p->leave(p->ctx);
	case LB_LIVE_DONE:
	case LB_LIVE_ON_RAM:
		break;
	}
	return 0;
}

int lb_live_switch_run(const struct plat_live_switch *p, struct lb_live_report *report)
{
	struct lb_live_plan plan;

	lb_live_begin(&plan);
	while (plan.step != LB_LIVE_DONE && plan.step != LB_LIVE_ON_RAM)
		lb_live_next(&plan, carry_out(p, plan.step));
	*report = (struct lb_live_report){
		.why = plan.why, .committed = plan.committed, .complete = plan.complete};
	return plan.step == LB_LIVE_DONE ? 0 : LB_E(STATE);
}
