#include "lifeboat/progress.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "lifeboat/lan.h"

#define TELL_EVERY_MS 1000 /* docs/announce.md */

void lb_progress_begin(struct lb_progress *p)
{
	struct lb_lan *lan = &p->machine->lan;
	int rc = 0;

	if (p->begun)
		return;
	p->begun = true;
	if (lan->device[0])
		return;
	rc = p->alone ? lb_lan_take_for(lan, p->board) : lb_lan_up_for(lan, p->board);
	p->brought_up = rc == 0;
	if (rc < 0)
		log_warn("the LAN is not told how far it is: no LAN port comes up (it %s)",
			 lb_strerror(rc));
}

static void tell(struct lb_progress *p, uint64_t now_ms)
{
	const struct plat plat = lb_machine_plat(p->machine);

	plat.announce(plat.ctx, LB_STATE_STARTING, LB_REASON_NONE, 0);
	p->told_ms = now_ms;
}

void lb_progress_step(struct lb_progress *p, const char *what, int percent)
{
	char *said = p->status->detail;
	const uint64_t now_ms = lb_monotonic_ms();
	const size_t n = strlen(what);
	const bool other = strncmp(said, what, n) != 0 || (said[n] != ',' && said[n] != '\0');

	lb_progress_begin(p);
	if (!other && now_ms < p->told_ms + TELL_EVERY_MS)
		return;
	if (percent < 0)
		(void)snprintf(said, sizeof(p->status->detail), "%.200s", what);
	else
		(void)snprintf(said, sizeof(p->status->detail), "%.200s, %d %%", what, percent);
	tell(p, now_ms);
}

void lb_progress_say(struct lb_progress *p, const char *sentence)
{
	lb_progress_begin(p);
	(void)snprintf(p->status->detail, sizeof(p->status->detail), "%s", sentence);
	tell(p, lb_monotonic_ms());
}

void lb_progress_end(struct lb_progress *p)
{
	if (!p->begun)
		return;
	p->status->detail[0] = '\0';
	if (p->brought_up)
		lb_lan_down(&p->machine->lan);
	p->begun = p->brought_up = false;
}
