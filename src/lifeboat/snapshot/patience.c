#include "lifeboat/snapshot/patience.h"

int lb_patience_alone(const struct lb_patience *p)
{
	int rc = p->lock(p->ctx, true, false);

	for (unsigned s = 0; rc == LB_E(BUSY) && s < LB_PATIENCE_S; s++) {
		p->sleep_s(p->ctx, 1);
		rc = p->lock(p->ctx, true, false);
	}
	return rc;
}

int lb_patience_overrule(const struct lb_patience *p)
{
	int rc = lb_patience_alone(p);

	/* A shared lock goes beside those of readers, and excludes whoever changes. */
	return rc == LB_E(BUSY) ? p->lock(p->ctx, false, true) : rc;
}
