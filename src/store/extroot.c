#include "store/extroot.h"

#include "base/log.h"

int lb_extroot_reset_begin(const struct plat_extroot *p, uint64_t *entries)
{
	int rc = p->state_write(p->ctx, LB_FS_STATE_RESET_ALL);

	/* Without the request a cut would leave the stick empty and the internal overlay as it was:
	 * then rather nothing is deleted on the stick. */
	return rc < 0 ? rc : p->remove(p->ctx, entries);
}

void lb_extroot_reset_end(const struct plat_extroot *p)
{
	if (p->state_write(p->ctx, LB_FS_STATE_UNKNOWN) < 0)
		log_debug("the stick keeps its request for a reset, which is done");
}

int lb_extroot_settle(const struct plat_extroot *p)
{
	uint64_t entries;
	int removed, known, rc;

	if (p->state_read(p->ctx) != LB_FS_STATE_RESET_ALL)
		return LB_EXTROOT_NOTHING_ASKED;
	removed = p->remove(p->ctx, &entries);
	known = p->internal_knows(p->ctx);
	if (known < 0)
		return known;
	rc = known ? p->reset_internal(p->ctx) : 0;
	if (rc < 0 || removed < 0)
		return rc < 0 ? rc : removed;
	rc = p->state_write(p->ctx, LB_FS_STATE_UNKNOWN);
	if (known)
		return LB_EXTROOT_RESET; /* and with that the state means nothing any more */
	return rc < 0 ? rc : LB_EXTROOT_NOTHING_ASKED;
}
