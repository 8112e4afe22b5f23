#include "plan/online.h"

void lb_online_begin(struct lb_online *o, uint64_t now_ms)
{
	*o = (struct lb_online){.up_ms = now_ms};
}

static void note_times(struct lb_online *o, uint64_t now_ms)
{
	const uint64_t mark_ms = now_ms ? now_ms : 1; /* 0 means not yet */

	if (o->link && !o->link_ms)
		o->link_ms = mark_ms;
	if ((o->v4 || (o->address6 && o->route6)) && !o->first_ms)
		o->first_ms = mark_ms;
}

enum lb_online_deed lb_online_judge(struct lb_online *o, uint64_t now_ms, uint64_t *wake_ms)
{
	const bool v6 = o->address6 && o->route6;

	note_times(o, now_ms);
	if (v6 && (o->v4 || o->v4_over))
		return LB_ONLINE_YES;
	if (!o->link_ms) {
		*wake_ms = o->up_ms + LB_ONLINE_LINK_MS;
		return now_ms < *wake_ms ? LB_ONLINE_WAIT : LB_ONLINE_NO_LINK;
	}
	*wake_ms = o->link_ms + LB_ONLINE_ADDRESS_MS;
	if (o->first_ms && o->first_ms + LB_ONLINE_OTHER_MS < *wake_ms)
		*wake_ms = o->first_ms + LB_ONLINE_OTHER_MS;
	if (now_ms < *wake_ms)
		return LB_ONLINE_WAIT;
	return o->v4 || v6 ? LB_ONLINE_YES : LB_ONLINE_NO_ADDRESS;
}
