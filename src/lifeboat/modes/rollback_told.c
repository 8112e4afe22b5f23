#include "lifeboat/modes/rollback_told.h"

#include <stdio.h>

void lb_rollback_told(char out[LB_SENTENCE_MAX], const char *word,
		      const struct lb_rollback_report *report)
{
	char saved[64] = "", left[96] = "";

	/* Whatever failed after the exchange is finished by the next boot. */
	if (report->saved)
		(void)snprintf(saved, sizeof(saved), "; the state before is snapshot %u",
			       report->saved);
	/* Containers, mostly: who misses them looks here. */
	if (report->left)
		(void)snprintf(left, sizeof(left), "; subvolumes that stay in the state before: %u",
			       report->left);
	(void)snprintf(out, LB_SENTENCE_MAX, "rolled back to snapshot %s%s%s", word, saved, left);
}
