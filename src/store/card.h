/* store/card.h - put a system on a card: a new btrfs, "@", "@factory", and the link by which U-Boot
 * finds the boot script (Turris' rescue-image, helpers.sh and schnapps.sh).
 *
 * "@" is there when it is whole, and not before: it is made under a name that nobody boots, and
 * comes to its own by a rename, last. What was on the partition goes first, as a whole. So after a
 * power cut at any moment there is the old system, or none, or the new one with its "@factory".
 *
 * A card without a table of partitions gets one first. What is noted before that may have no place
 * to be kept yet: it is noted once more.
 *
 * Before anything goes it is noted where a boot finds it, and taken back when all is done: where
 * there is no system there always is the note, and doing all of it again mends. */
#pragma once

#include "plat/card.h"

enum lb_card_step {
	LB_CARD_NOTE,
	LB_CARD_TABLE,
	LB_CARD_WIPE,
	LB_CARD_FORMAT,
	LB_CARD_OPEN,
	LB_CARD_FILL,
	LB_CARD_FACTORY,
	LB_CARD_PLACE,
	LB_CARD_SETTLE,
	LB_CARD_DONE
};

/* 0, or the error of the step that *failed names. */
MUST_CHECK int lb_card_run(const struct plat_card *p, enum lb_card_step *failed);

/* 1 = the card has a whole system, 0 = it has none, or LB_E(...) when that cannot be told:
 * LB_E(BUSY) the file system is in use, or it cannot be read. */
MUST_CHECK int lb_card_is_whole(const struct plat_card *p);

/* In the boot that finds the note: 1 = there is a whole system all the same, the old one or the new
 * one, and the note is taken back; 0 = it has to be done again; LB_E(...): there is a system, and
 * the note cannot be taken back; or what lb_card_is_whole() says. */
MUST_CHECK int lb_card_settle(const struct plat_card *p);
