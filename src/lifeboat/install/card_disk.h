/* lifeboat/install/card_disk.h - the card of this router gets a new partition table, as the board
 * file wants it (install/card_table.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/board.h"
#include "tables/limits.h"

struct lb_card_disk {
	const struct lb_board *board;
	const char *place;   /* of the root, as lb_blockdev_find() takes it */
	bool whole;	     /* whatever is on the card may be lost */
	const char *source;  /* of what goes onto it: a node that may be lost if it is all that the
				card has; NULL = it lies elsewhere */
	bool is_blank;	     /* there is no table that can be read, nor anything else */
	bool is_fine;	     /* there is nothing to do: the kernel will show the root */
	uint64_t root_bytes; /* that the root will have */
};

/* May it be done, and what would come of it? Fills the last three. 0, or one sentence in `why`:
 * LB_E(NOENT) the board file says nothing of a card, or it is not here; LB_E(STATE) it has
 * somebody's partitions; LB_E(BUSY|PROTECTED|NOSPC|IO...). Nothing is written. */
MUST_CHECK int lb_card_disk_plan(struct lb_card_disk *d, char why[LB_SENTENCE_MAX]);

/* Do what was planned, and have the kernel read it: the root's node goes to `node`. */
MUST_CHECK int lb_card_disk_write(const struct lb_card_disk *d, char node[LB_PATH_MAX],
				  char why[LB_SENTENCE_MAX]);
