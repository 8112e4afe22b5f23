#include "store/overlay.h"

#include "base/log.h"

/* A power cut during mkfs leaves what looks like a damaged overlay. The record remembers that there
 * was never anything in it. */
static int format(const struct plat_overlay *p, enum lb_overlay_fs fs)
{
	bool recorded = p->mark_formatting(p->ctx, 1) == 0;
	int rc = p->format(p->ctx, fs);

	if (rc == 0 && recorded && p->mark_formatting(p->ctx, 0) < 0)
		log_warn(
			"the record still says that the overlay is being formatted: the next boot does it again");
	return rc;
}

/* On a mounted overlay, before it goes over the root: how far did its first boot come? Its content
 * stays in every case; only the marks of a new file system are set. */
static void settle_state(const struct plat_overlay *p, struct lb_overlay_report *report)
{
	int state = p->state_read(p->ctx);

	report->fs_state = state < 0 ? LB_FS_STATE_UNKNOWN : (enum lb_fs_state)state;
	if (report->fs_state != LB_FS_STATE_UNKNOWN)
		return;
	if (p->state_write(p->ctx, LB_FS_STATE_PENDING) == 0)
		report->fs_state = LB_FS_STATE_PENDING;
	else
		log_warn("the state of the overlay cannot be written: is it full or read-only?");
}

static int carry_out(const struct plat_overlay *p, const struct lb_overlay_plan *plan,
		     struct lb_overlay_report *report)
{
	int rc;

	switch (plan->step) {
	case LB_STEP_FORMAT:
		return format(p, plan->fs);
	case LB_STEP_CHECK:
		return p->check(p->ctx, plan->fs);
	case LB_STEP_MOUNT:
		rc = p->mount(p->ctx, plan->fs);
		if (rc == 0)
			settle_state(p, report);
		return rc;
	case LB_STEP_TMPFS:
		return p->tmpfs(p->ctx);
	case LB_STEP_SWITCH:
		report->used_percent = p->used_percent(p->ctx);
		return p->switch_root(p->ctx);
	case LB_STEP_DONE:
	case LB_STEP_GIVE_UP:
		break;
	}
	return 0;
}

int lb_overlay_bring_up(const struct plat_overlay *p, const struct lb_overlay_sense *sense,
			struct lb_overlay_report *report)
{
	struct lb_overlay_plan plan;

	*report = (struct lb_overlay_report){.used_percent = -1};
	lb_overlay_begin(&plan, sense);
	while (plan.step != LB_STEP_DONE && plan.step != LB_STEP_GIVE_UP)
		lb_overlay_next(&plan, carry_out(p, &plan, report));
	report->fs = plan.fs;
	report->why = plan.why;
	report->on_tmpfs = plan.on_tmpfs;
	report->formatted = plan.formatted;
	report->checked = plan.checked;
	return plan.step == LB_STEP_DONE ? 0 : LB_E(STATE);
}
