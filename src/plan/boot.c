#include "plan/boot.h"

struct lb_boot_plan lb_boot_plan(const struct lb_boot_sense *sense)
{
	bool asked = sense->failsafe_switch == LB_SWITCH_ON || sense->failsafe_requested;
	struct lb_boot_plan plan = {
		.failsafe_offered =
			sense->policy != LB_POLICY_OFF && sense->root == LB_ROOT_READONLY,
		.state = LB_STATE_BOOTING,
		.reason = LB_REASON_WINDOW_OFF,
	};

	if (sense->root == LB_ROOT_NONE) {
		plan.state = LB_STATE_RESCUE;
		plan.reason = LB_REASON_NO_ROOT;
		return plan;
	}
	if (asked && plan.failsafe_offered) {
		plan.state = LB_STATE_FAILSAFE;
		plan.reason = sense->failsafe_switch == LB_SWITCH_ON ? LB_REASON_CMDLINE
								     : LB_REASON_REQUEST;
		return plan;
	}
	plan.refused = asked;
	plan.open_window = sense->window_ms > 0;
	return plan;
}
