#include "store/safe_keep.h"

int lb_safe_keep_begin(const struct plat_safe_keep *p)
{
	int rc = p->find(p->ctx);

	if (rc == LB_E(NOENT))
		rc = p->put(p->ctx);
	else if (rc == LB_E(FORMAT))
		rc = p->make(p->ctx);
	return rc == 0 ? p->note(p->ctx) : rc;
}

int lb_safe_keep_turn(const struct plat_safe_keep *p)
{
	/* Named first: the reset, which the next boot may have to finish, keeps nothing else. */
	int rc = p->name(p->ctx);

	if (rc == 0)
		rc = p->state(p->ctx, LB_FS_STATE_RESET);
	if (rc == 0)
		rc = p->remove(p->ctx);
	if (rc == 0)
		rc = p->state(p->ctx, LB_FS_STATE_PENDING);
	return rc == 0 ? p->compare(p->ctx) : rc;
}
