#include "lifeboat/root/to_flash.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/storage/live_switch.h"

static void describe(const struct lb_live_report *report, bool moved, char notice[LB_SENTENCE_MAX])
{
	notice[0] = '\0';
	if (moved && !report->complete)
		(void)snprintf(
			notice, LB_SENTENCE_MAX,
			"settings were moved to the flash, but not what was changed during that moment: "
			"look at what you changed last");
	else if (!moved && report->committed)
		(void)snprintf(notice, LB_SENTENCE_MAX, "%s", lb_live_why_text(report->why));
	else if (!moved)
		(void)snprintf(notice, LB_SENTENCE_MAX,
			       "settings are in RAM and will be lost at the next reboot: %s",
			       lb_live_why_text(report->why));
}

bool lb_to_flash(const struct lb_board *board, struct lb_overlay_dev *dev,
		 enum lb_overlay_content content, int (*mark_formatting)(void *board, int begun),
		 char notice[LB_SENTENCE_MAX])
{
	CLEANUP(lb_live_switch_closep)
	struct lb_live_switch l = {.dev = dev,
				   .content = content,
				   .mark_formatting = mark_formatting,
				   .record_ctx = (void *)board};
	const struct plat_live_switch plat = lb_live_switch_plat(&l);
	const uint64_t began_ms = lb_monotonic_ms();
	struct lb_live_report report;
	bool moved = lb_live_switch_run(&plat, &report) == 0;

	describe(&report, moved, notice);
	if (moved)
		log_info("settings were moved from RAM to the flash in %llu ms",
			 (unsigned long long)(lb_monotonic_ms() - began_ms));
	if (notice[0])
		log_err("%s", notice);
	return moved;
}
