#include "store/overlay.h"

#include "base/log.h"

/* A power cut during mkfs leaves what looks like a damaged overlay. The record remembers that there
 * was never anything in it, and must forget that before the owner saves something there: otherwise
 * the next boot would erase it. */
static int format(const struct plat_overlay *p, enum lb_overlay_fs fs)
{
	int rc = p->mark_formatting(p->ctx, 1);

	if (rc < 0 && rc != LB_E(NOENT))
		log_warn(
			"the record %s: a power cut while the overlay is being formatted would leave it damaged",
			lb_strerror(rc));
	return p->format(p->ctx, fs);
}

static int forget_formatting(const struct plat_overlay *p)
{
	int rc = p->mark_formatting(p->ctx, 0);

	if (rc == LB_E(NOENT))
		return 0;
	if (rc < 0)
		log_err("the record %s: it may ask the next boot to format the overlay, so nothing is saved there",
			lb_strerror(rc));
	return rc;
}

/* On a mounted overlay, before it goes over the root: how far did its first boot come? Its content
 * stays unless a reset was asked for; only the marks of a new file system are set. */
static void settle_state(const struct plat_overlay *p, struct lb_overlay_report *report)
{
	int state = p->state_read(p->ctx);
	bool reset = state == LB_FS_STATE_RESET || state == LB_FS_STATE_RESET_ALL;

	report->fs_state = state < 0 ? LB_FS_STATE_UNKNOWN : (enum lb_fs_state)state;
	if (reset) {
		bool keep = report->fs_state == LB_FS_STATE_RESET;

		report->reset_finished = p->finish_reset(p->ctx, keep) == 0;
		if (!report->reset_finished) {
			log_err("a factory reset could not be finished: it goes on at the next boot");
			return;
		}
	}
	if (report->fs_state != LB_FS_STATE_UNKNOWN && !reset)
		return;
	if (p->state_write(p->ctx, LB_FS_STATE_PENDING) == 0)
		report->fs_state = LB_FS_STATE_PENDING;
	else
		log_warn("the state of the overlay cannot be written: is it full or read-only?");
}

static int carry_out(const struct plat_overlay *p, const struct lb_overlay_plan *plan,
		     struct lb_overlay_report *report)
{
	int rc, used;

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
	case LB_STEP_FORGET:
		return forget_formatting(p);
	case LB_STEP_TMPFS:
		return p->tmpfs(p->ctx);
	case LB_STEP_ATTACH:
		rc = p->attach(p->ctx);
		if (rc == LB_ATTACHED_RESET) {
			report->reset_finished = true;
			report->fs_state = LB_FS_STATE_PENDING;
		}
		return rc;
	case LB_STEP_DETACH:
		return p->detach(p->ctx);
	case LB_STEP_SWITCH:
		used = p->used_percent(p->ctx);
		report->used_percent = used < 0 ? -1 : used;
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
	report->extroot = plan.attached;
	report->formatted = plan.formatted;
	report->checked = plan.checked;
	return plan.step == LB_STEP_DONE ? 0 : LB_E(STATE);
}
