/* lifeboat/install/medkit_flash.h - a medkit onto the card of the router. */
#pragma once

#include "install/medkit.h"

struct lb_medkit_card {
	const char *place; /* a partition, as lb_blockdev_find() takes it */
	bool is_root;	   /* and not another device, which no rescue mode would go on with */
};

/* lb_medkit_check(); then `card`, a partition that nobody has mounted, becomes a btrfs with this
 * system as "@" and as "@factory". No other partition is touched, and no table of partitions. Until
 * the last step there is no "@": a power cut leaves the old system, or none, or the new one. 0, or
 * LB_E(STATE): `out` says why, and out->touched whether the old system is gone. Runs mkfs.btrfs and
 * takes minutes: not for PID 1. */
MUST_CHECK int lb_medkit_flash(struct lb_medkit_report *out, const struct lb_medkit_ask *ask,
			       const struct lb_medkit_card *card);
