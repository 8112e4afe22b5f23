/* lifeboat/record_io.h - the recovery record of this device: found by the board file, changed under
 * a lock. */
#pragma once

#include "plan/record.h"
#include "store/board.h"

/* Load, let change() edit, save: as one transaction against other Lifeboat processes. A device
 * without a valid record starts with an empty one. LB_E(NOENT): this board keeps no record, or its
 * device is not here. */
MUST_CHECK int lb_record_change(const struct lb_board *board,
				void (*change)(struct lb_record *r, void *ctx), void *ctx);

/* Read only; an empty record when none is valid. LB_E(NOENT) as above. */
MUST_CHECK int lb_record_read(const struct lb_board *board, struct lb_record *out);

/* The same for a card that has no table of partitions: where the board file's table will have the
 * record. LB_E(NOENT): it is not there, or the card is not here. To be written only when that table
 * is about to be made; what is read on another card is no record. */
MUST_CHECK int lb_record_change_ahead(const struct lb_board *board,
				      void (*change)(struct lb_record *r, void *ctx), void *ctx);
MUST_CHECK int lb_record_read_ahead(const struct lb_board *board, struct lb_record *out);
