#include "store/card.h"

#define NEW	    "@new"
#define ROOT	    "@"
#define FACTORY	    "@factory"
#define BOOT_SCRIPT "boot/boot.scr"

struct run {
	const struct plat_card *p;
	struct plat_snapshots top;
};

static int fill(struct run *r)
{
	int rc = r->top.make(r->top.ctx, NEW);

	if (rc == 0)
		rc = r->p->fill(r->p->ctx, NEW);
	return rc < 0 ? rc : r->top.sync(r->top.ctx);
}

/* U-Boot looks for /boot.scr on the top level, whose subvolumes are directories to it. */
static int place(struct run *r)
{
	int rc = r->p->present(r->p->ctx, NEW "/" BOOT_SCRIPT);

	if (rc > 0)
		rc = r->p->link(r->p->ctx, "boot.scr", ROOT "/" BOOT_SCRIPT);
	if (rc >= 0)
		rc = r->top.rename(r->top.ctx, NEW, ROOT);
	return rc < 0 ? rc : r->top.sync(r->top.ctx);
}

static int divide(struct run *r)
{
	int rc = r->p->table ? r->p->table(r->p->ctx) : 0;

	return rc < 0 || !r->p->table ? rc : r->p->note(r->p->ctx, true);
}

static int carry_out(struct run *r, enum lb_card_step step)
{
	switch (step) {
	case LB_CARD_NOTE:
		return r->p->note(r->p->ctx, true);
	case LB_CARD_TABLE:
		return divide(r);
	case LB_CARD_WIPE:
		return r->p->wipe(r->p->ctx);
	case LB_CARD_FORMAT:
		return r->p->format(r->p->ctx);
	case LB_CARD_OPEN:
		return r->p->open(r->p->ctx, &r->top);
	case LB_CARD_FILL:
		return fill(r);
	case LB_CARD_FACTORY:
		return r->top.copy(r->top.ctx, NEW, FACTORY, false);
	case LB_CARD_PLACE:
		return place(r);
	case LB_CARD_SETTLE:
		return r->p->note(r->p->ctx, false);
	case LB_CARD_DONE:
		break;
	}
	return 0;
}

int lb_card_is_whole(const struct plat_card *p)
{
	struct plat_snapshots top;
	int rc = p->open(p->ctx, &top);

	if (rc < 0)
		return rc == LB_E(BUSY) ? rc : 0;
	return p->present(p->ctx, ROOT);
}

int lb_card_settle(const struct plat_card *p)
{
	int rc = lb_card_is_whole(p);

	if (rc <= 0)
		return rc;
	rc = p->note(p->ctx, false);
	return rc < 0 ? rc : 1;
}

int lb_card_run(const struct plat_card *p, enum lb_card_step *failed)
{
	struct run r = {.p = p};

	for (enum lb_card_step step = LB_CARD_NOTE; step != LB_CARD_DONE; step++) {
		int rc = carry_out(&r, step);

		if (rc < 0) {
			*failed = step;
			return rc;
		}
	}
	return 0;
}
