#include "lifeboat/snapshot/savepoint.h"

static bool stays_pending(const struct lb_savepoint_hands *h, uint64_t until_s)
{
	while (h->is_pending(h->ctx)) {
		if (h->now_s(h->ctx) >= until_s)
			return true;
		h->sleep_s(h->ctx, 1);
	}
	return false;
}

enum lb_savepoint_end lb_savepoint_watch(const struct lb_savepoint_hands *h, unsigned minutes)
{
	const uint64_t warn_s = h->now_s(h->ctx) + minutes * 60ull - LB_SAVEPOINT_WARN_S;

	if (!stays_pending(h, warn_s))
		return LB_SAVEPOINT_COMMITTED;
	h->warn(h->ctx);
	/* From the warning on: somebody reads it when the machine has woken up. */
	if (!stays_pending(h, h->now_s(h->ctx) + LB_SAVEPOINT_WARN_S))
		return LB_SAVEPOINT_COMMITTED;
	if (h->go_back(h->ctx) < 0 || h->reboot(h->ctx) < 0)
		return LB_SAVEPOINT_FAILED;
	return LB_SAVEPOINT_WENT_BACK;
}
