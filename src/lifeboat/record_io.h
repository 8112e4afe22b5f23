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
