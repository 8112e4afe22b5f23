#include "store/reset.h"

static int carry_out(const struct plat_reset *p, const struct lb_reset_plan *plan,
		     uint64_t *entries)
{
	switch (plan->step) {
	case LB_RESET_MARK:
		return p->mark(p->ctx);
	case LB_RESET_REQUEST:
		return p->request(p->ctx, plan->sense.keep);
	case LB_RESET_DELETE:
		return p->remove(p->ctx, plan->sense.keep, entries);
	case LB_RESET_FREEZE:
		return p->freeze(p->ctx);
	case LB_RESET_ERASE:
		return p->erase(p->ctx);
	case LB_RESET_DONE:
	case LB_RESET_FAILED:
		break;
	}
	return 0;
}

int lb_reset_run(const struct plat_reset *p, const struct lb_reset_sense *sense,
		 struct lb_reset_report *report)
{
	struct lb_reset_plan plan;
	uint64_t entries = 0;

	lb_reset_begin(&plan, sense);
	while (plan.step != LB_RESET_DONE && plan.step != LB_RESET_FAILED)
		lb_reset_next(&plan, carry_out(p, &plan, &entries));
	*report = (struct lb_reset_report){.why = plan.why,
					   .committed = plan.committed,
					   .deleted = plan.deleted,
					   .entries = entries};
	return plan.step == LB_RESET_DONE ? 0 : LB_E(STATE);
}
