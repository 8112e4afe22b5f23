/* lifeline/card.h - may this disk be overwritten? */
#pragma once

#include <stdbool.h>

#include "plat/linux/disk/drives.h"
#include "tables/limits.h"

/* `device`: the kernel's name of what was asked for, which may be a partition of the disk. True, or
 * one sentence that says why not and what to do. `force`: disks that are not made to be taken out
 * as well; what is in use is never overwritten. (pure) */
bool lb_card_takes(const struct lb_drive *d, const char *device, bool force,
		   char why[LB_SENTENCE_MAX]);

/* What there is, as a table or as lines of JSON. Returns a code of tables/lifeline_exits.def. */
int lb_card_list(bool json);

/* Find what was asked for. LB_LINE_OK, or another code and one sentence. */
int lb_card_find(struct lb_drive *out, const char *node, bool force, char why[LB_SENTENCE_MAX]);
