#include "lifeboat/child_watch.h"

#include <signal.h>

#include "panel/led.h"

/* mkfs and the erasing of a large flash report nothing meanwhile. */
#define STALLED_AFTER_MS (20 * 60 * 1000)

bool lb_child_watch(const struct plat *p, pid_t pid, const struct lb_child_way *way,
		    void (*say)(const struct plat *p, void *ctx), void *ctx)
{
	const uint64_t began_ms = p->now_ms(p->ctx);
	uint64_t stalled_at_ms = began_ms + STALLED_AFTER_MS, seen_bytes = 0, edge_ms;
	struct plat_event ev = {.kind = PLAT_EV_TIMEOUT};
	bool stalled = false;

	for (;;) {
		uint64_t now_ms = p->now_ms(p->ctx), done_bytes = atomic_load(&way->done_bytes);

		if (done_bytes != seen_bytes)
			stalled_at_ms = now_ms + STALLED_AFTER_MS;
		seen_bytes = done_bytes;
		say(p, ctx);
		stalled = now_ms > stalled_at_ms;
		if (stalled || (ev.kind == PLAT_EV_CHILD && ev.pid == pid))
			break;
		p->led(p->ctx, LB_ROLE_BOOT,
		       lb_led_level(LB_LED_WRITING, began_ms, now_ms, &edge_ms));
		p->wait(p->ctx, edge_ms, &ev);
	}
	if (stalled)
		(void)kill(pid, SIGKILL);
	p->led(p->ctx, LB_ROLE_BOOT, false);
	return !stalled;
}
