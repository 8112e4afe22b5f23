#include "lifeboat/upgrade/upgrade_result.h"

#include <stdio.h>

#include "lifeboat/reset_result.h"
#include "plan/upgrade.h"

void lb_upgrade_sentence(const struct lb_upgrade_record *u, char *out, size_t size)
{
	const char *outcome = lb_upgrade_outcome_text((enum lb_upgrade_outcome)u->outcome);
	char at[64], took[32] = "";

	out[0] = '\0';
	if (!outcome[0])
		return;
	lb_reset_when(u->at_s, at, sizeof(at));
	if (u->outcome != LB_UPGRADE_REFUSED)
		(void)snprintf(took, sizeof(took), " in %u.%u s", u->took_ms / 1000,
			       u->took_ms % 1000 / 100);
	/* The last byte of what was said is its line end. */
	(void)snprintf(out, size, "upgrade%s: %s%s%s%.*s", at, outcome, took,
		       u->said_len ? "; " : "", u->said_len ? (int)u->said_len - 1 : 0, u->said);
}
