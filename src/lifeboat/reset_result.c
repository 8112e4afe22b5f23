#include "lifeboat/reset_result.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "plan/reflash.h"
#include "plan/reset.h"

#define CLOCK_SET_AFTER_S 1577836800 /* 2020-01-01: a router without battery starts in 1970 */

void lb_reset_when(uint64_t at_s, char *out, size_t size)
{
	time_t at = (time_t)at_s;
	struct tm tm;

	if (at_s < CLOCK_SET_AFTER_S || !gmtime_r(&at, &tm) ||
	    strftime(out, size, " of %Y-%m-%d %H:%M UTC", &tm) == 0)
		(void)snprintf(out, size, " (the clock was not set)");
}

void lb_reset_sentence(const struct lb_reset_result *r, char *out, size_t size)
{
	static const char *const outcomes[] = {[LB_RESET_COMMITTED] = "the next boot finishes it",
					       [LB_RESET_COMPLETE] = "complete",
					       [LB_RESET_REFUSED] = "it did not happen"};
	const char *why = lb_reset_why_text((enum lb_reset_why)r->why);
	char at[64], made[48] = "";

	out[0] = '\0';
	if (r->from_image)
		why = lb_reflash_why_text((enum lb_reflash_why)r->why);
	if (r->outcome == LB_RESET_NONE || r->outcome > LB_RESET_REFUSED)
		return;
	lb_reset_when(r->at_s, at, sizeof(at));
	if (r->outcome == LB_RESET_COMPLETE)
		(void)snprintf(made, sizeof(made), ", %s in %u.%u s",
			       r->from_image ? "root written anew" : "new overlay",
			       r->format_ms / 1000, r->format_ms % 1000 / 100);
	if (r->from_image) {
		(void)snprintf(out, size, "factory reset%s: %s%s%s%s", at, outcomes[r->outcome],
			       made, why[0] ? "; " : "", why);
		return;
	}
	(void)snprintf(out, size, "factory reset%s: %s, %llu entries deleted in %u.%u s%s%s%s", at,
		       outcomes[r->outcome], (unsigned long long)r->entries, r->took_ms / 1000,
		       r->took_ms % 1000 / 100, made, why[0] ? "; " : "", why);
}
