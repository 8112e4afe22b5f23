/* lifeboat/install/medkit_flash.h - a medkit onto the card of the router. */
#pragma once

#include <stdbool.h>

#include "install/medkit.h"

struct lb_medkit_card {
	const char *place; /* a partition, as lb_blockdev_find() takes it */
	bool is_root;	   /* and not another device, which no rescue mode would go on with */
	bool whole;	   /* the board's card, with a new table whatever is on it */
	/* The file system that the medkit was copied from, where that lies on the card: if it is
	 * all that is there, it goes. NULL = the medkit lies elsewhere. */
	const char *source;
	unsigned wait_ms; /* for the card to appear */
};

/* lb_medkit_check(); then `card`, a partition that nobody has mounted, becomes a btrfs with this
 * system as "@" and as "@factory". No other partition is touched. For the root, a card without a
 * table, or without the root's partition, gets the table of the board file first, if nothing else
 * is on it (card_disk.h). Until the last step there is no "@": a power cut leaves the old system,
 * or none, or the new one. 0, or LB_E(STATE): `out` says why, and out->touched whether the old
 * system is gone. Runs mkfs.btrfs and takes minutes: not for PID 1. */
MUST_CHECK int lb_medkit_flash(struct lb_medkit_report *out, const struct lb_medkit_ask *ask,
			       const struct lb_medkit_card *card);

/* Of the root, at `place`, when a boot finds that its card was being written: 1 = it has a whole
 * system, which stays, and the next boot is an ordinary one; 0 = it has none, or is not there
 * within 10 seconds; LB_E(...): it has one, and the recovery record cannot be told so; or the
 * card cannot be looked at, and nothing may write over it. Not for PID 1. */
MUST_CHECK int lb_medkit_settle(const struct lb_board *board, const char *place);

/* The card was being written, and there is no whole system on it now: who is to put one there has
 * nothing to give up for. The card may not be there yet. Not for PID 1. */
bool lb_medkit_nothing_else_boots(const struct lb_board *board, const char *place);
