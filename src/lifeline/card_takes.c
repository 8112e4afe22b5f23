#include <stdio.h>
#include <string.h>

#include "lifeline/card.h"

static bool no(char why[LB_SENTENCE_MAX], const char *before, const char *what, const char *after)
{
	(void)snprintf(why, LB_SENTENCE_MAX, "%.70s%.70s%.100s", before, what, after);
	return false;
}

bool lb_card_takes(const struct lb_drive *d, const char *device, bool force,
		   char why[LB_SENTENCE_MAX])
{
	if (strcmp(device, d->name) != 0) {
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "%.40s is a partition, and the image is one of a whole disk: give "
			       "%.40s",
			       device, d->node);
		return false;
	}
	if (d->runs_system)
		return no(why, d->node, " is the disk that this PC runs from: it has ",
			  d->used_for);
	if (d->used_for[0]) {
		(void)snprintf(why, LB_SENTENCE_MAX, "%.40s is in use, as %.100s: unmount it first",
			       d->node, d->used_for);
		return false;
	}
	if (d->size_bytes == 0)
		return no(why, d->node, " is empty: put a card into it", "");
	if (d->readonly)
		return no(why, d->node,
			  " is write-protected: look for a switch at the card or its adapter", "");
	if (!d->removable && !force)
		return no(why, d->node,
			  " is not made to be taken out: give --force if it is really the one", "");
	return true;
}
