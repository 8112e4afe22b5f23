#include "lifeboat/upgrade/upgrade_tell.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "lifeboat/progress_line.h"
#include "tables/tables.h"

static struct {
	bool begun;
	struct lb_followers followers;
	char step[LB_NAME_MAX];
	int percent;
	char why[LB_SENTENCE_MAX];
} told;

static void keep(void *ctx, enum lb_log_level level, const char *text)
{
	(void)fprintf(stderr, "lifeboat: %s\n", text);
	if (level == LB_LOG_ERR)
		lb_upgrade_tell_why(text);
}

void lb_upgrade_tell_begin(void)
{
	if (lb_followers_open(&told.followers, LB_PROGRESS_SOCKET) < 0)
		log_debug("nobody can follow: no " LB_PROGRESS_SOCKET);
	told.begun = true;
	lb_log_set_sink(keep, NULL);
}

void lb_upgrade_tell(const char *step, int percent)
{
	if (!told.begun)
		return;
	if (strcmp(step, told.step) == 0 && percent == told.percent) {
		lb_followers_tell(&told.followers, "");
		return;
	}
	(void)snprintf(told.step, sizeof(told.step), "%s", step);
	told.percent = percent;
	lb_progress_tell_step(&told.followers, LB_WORK_UPGRADE, step, percent);
}

void lb_upgrade_tell_why(const char *why)
{
	(void)snprintf(told.why, sizeof(told.why), "%s", why);
}

void lb_upgrade_tell_end(int code)
{
	if (!told.begun)
		return;
	lb_progress_tell_result(&told.followers, LB_WORK_UPGRADE,
				code == LB_EXIT_OK ? LB_RESULT_COMPLETE : "failed",
				code == LB_EXIT_OK ? "" : told.why);
	lb_followers_close(&told.followers);
	lb_log_set_sink(NULL, NULL);
	told.begun = false;
}
