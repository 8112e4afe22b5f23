/* plat/fake/card.h - a partition that gets a new btrfs, in memory: over the fake top level.
 *
 * A cut while the file system is made leaves what cannot be mounted. Making one on what was not
 * wiped aborts with a message: half of the old one might be found again. */
#pragma once

#include "plat/card.h"
#include "plat/fake/snapshot.h"

struct lb_fake_card {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	struct lb_fake_snapshots fs;
	enum lb_fake_card_holds {
		LB_FAKE_CARD_BLANK, /* without a table of partitions */
		LB_FAKE_CARD_OLD,
		LB_FAKE_CARD_NOTHING,
		LB_FAKE_CARD_NEW
	} holds, next; /* when the operation under way is done */
	bool noted, next_noted;
};

/* With an old system on it: "@" holds "old". */
void lb_fake_card_init(struct lb_fake_card *f, struct lb_fake_power *power);
struct plat_card lb_fake_card_plat(struct lb_fake_card *f);

/* A blank one: it gets a table first. */
void lb_fake_card_blank(struct lb_fake_card *f);

/* What a boot finds as "@": NULL = nothing. */
const char *lb_fake_card_root(const struct lb_fake_card *f);
