#include "store/stage.h"

static int carry_out(const struct plat_stage *p, enum lb_stage_step step)
{
	switch (step) {
	case LB_STAGE_CLEAR:
		return p->clear(p->ctx);
	case LB_STAGE_FORMAT:
		return p->format(p->ctx);
	case LB_STAGE_MOUNT:
		return p->mount(p->ctx);
	case LB_STAGE_PUT:
		return p->put(p->ctx);
	case LB_STAGE_COMMIT:
		return p->commit(p->ctx);
	case LB_STAGE_UNMOUNT:
		return p->unmount(p->ctx);
	case LB_STAGE_COMPARE:
		return p->compare(p->ctx);
	case LB_STAGE_DONE:
		break;
	}
	return 0;
}

/* A new overlay without its settings would be taken for a whole one. */
static void undo(const struct plat_stage *p, enum lb_stage_step failed)
{
	if (failed == LB_STAGE_PUT || failed == LB_STAGE_COMMIT || failed == LB_STAGE_UNMOUNT)
		if (p->unmount(p->ctx) < 0)
			return; /* what is mounted is not to be written to */
	if (failed != LB_STAGE_CLEAR && p->clear(p->ctx) < 0)
		return;
}

int lb_stage_run(const struct plat_stage *p, bool settings, enum lb_stage_step *failed)
{
	const enum lb_stage_step last = settings ? LB_STAGE_DONE : LB_STAGE_FORMAT;

	for (enum lb_stage_step step = LB_STAGE_CLEAR; step != last; step++) {
		int rc = carry_out(p, step);

		if (rc < 0) {
			undo(p, step);
			*failed = step;
			return rc;
		}
	}
	return 0;
}
