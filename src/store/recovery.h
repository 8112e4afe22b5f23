/* store/recovery.h - the recovery record on its block device: two copies, written in turn. */
#pragma once

#include "base/err.h"
#include "plan/record.h"
#include "plat/block.h"

/* The newest valid copy. LB_E(NOENT) when no copy is valid (a new or wiped device), LB_E(NOSPC)
 * when the area is smaller than LB_RECORD_COPIES * LB_RECORD_BYTES, LB_E(IO). */
MUST_CHECK int lb_recovery_load(struct lb_record *out, const struct plat_block *dev);

/* Write `r` with the next sequence number over the older copy, then flush. A power cut at any
 * moment leaves the old record or the new one. On success r->seq is the number written. */
MUST_CHECK int lb_recovery_save(struct lb_record *r, const struct plat_block *dev);
