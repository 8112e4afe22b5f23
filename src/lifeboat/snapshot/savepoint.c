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

static enum lb_savepoint_end go_back(const struct lb_savepoint_hands *h)
{
	for (unsigned tries = 1;; tries++) {
		int rc = h->go_back(h->ctx);

		if (rc == 0)
			return LB_SAVEPOINT_WENT_BACK;
		if (rc == LB_E(NOENT))
			return LB_SAVEPOINT_COMMITTED;
		if (tries == LB_SAVEPOINT_TRIES)
			return LB_SAVEPOINT_FAILED;
		if (!stays_pending(h, h->now_s(h->ctx) + LB_SAVEPOINT_AGAIN_S))
			return LB_SAVEPOINT_COMMITTED;
	}
}

enum lb_savepoint_end lb_savepoint_watch(const struct lb_savepoint_hands *h, unsigned minutes)
{
	const uint64_t warn_s = h->now_s(h->ctx) + minutes * 60ull - LB_SAVEPOINT_WARN_S;
	enum lb_savepoint_end end;

	if (!stays_pending(h, warn_s))
		return LB_SAVEPOINT_COMMITTED;
	h->warn(h->ctx);
	/* From the warning on: somebody reads it when the machine has woken up. */
	if (!stays_pending(h, h->now_s(h->ctx) + LB_SAVEPOINT_WARN_S))
		return LB_SAVEPOINT_COMMITTED;
	end = go_back(h);
	if (end == LB_SAVEPOINT_WENT_BACK)
		h->reboot(h->ctx);
	return end;
}
