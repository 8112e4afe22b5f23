#include "store/upgrade.h"

static int carry_out(const struct plat_upgrade *p, const struct lb_upgrade_plan *plan)
{
	switch (plan->step) {
	case LB_UPGRADE_STEP_CHECK:
		return p->check(p->ctx);
	case LB_UPGRADE_STEP_WRITE:
		return p->write(p->ctx);
	case LB_UPGRADE_STEP_NOTE:
		return p->note(p->ctx, LB_UPGRADE_WRITTEN);
	case LB_UPGRADE_STEP_PLACE:
		return p->place(p->ctx);
	case LB_UPGRADE_STEP_END:
		return p->end(p->ctx, plan->outcome);
	case LB_UPGRADE_STEP_TIDY:
		return p->tidy(p->ctx);
	case LB_UPGRADE_STEP_OVER:
	case LB_UPGRADE_STEP_BROKEN:
		break;
	}
	return 0;
}

int lb_upgrade_run(const struct plat_upgrade *p, const struct lb_upgrade_sense *sense,
		   enum lb_upgrade_outcome *outcome)
{
	struct lb_upgrade_plan plan;

	lb_upgrade_begin(&plan, sense);
	while (!lb_upgrade_is_over(&plan))
		lb_upgrade_next(&plan, carry_out(p, &plan));
	if (plan.step == LB_UPGRADE_STEP_BROKEN)
		return LB_E(STATE);
	*outcome = plan.outcome;
	return 0;
}
