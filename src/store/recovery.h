/* store/recovery.h - the recovery record on its block device: two copies, written in turn.
 *
 * Copy i lies at byte i * LB_RECORD_BYTES of the area, or where copy_stride_bytes of the device
 * says. Neither call uses the heap; each takes one copy (LB_RECORD_BYTES) of stack.
 */
#pragma once

#include "base/err.h"
#include "plan/record.h"
#include "plat/block.h"

/* The newest valid copy. A copy that cannot be read counts as damaged. 0, or with `out` untouched:
 * LB_E(NOENT) no copy is valid (a new or wiped device), LB_E(NOSPC) the area has no room for all
 * LB_RECORD_COPIES copies, LB_E(IO) no copy is valid and one of them cannot be read. */
MUST_CHECK int lb_recovery_load(struct lb_record *out, const struct plat_block *dev);

/* Write `r`, as it was last loaded or saved and then changed, with the next sequence number over
 * the copy that it does not stem from; flush once; read back. A power cut at any moment leaves the
 * old record or the new one.
 *
 * 0, and r->seq is the number written. On failure `r` is untouched, and what is stored is the old
 * record or the new one: LB_E(NOSPC) as above, LB_E(RANGE) `r` cannot be encoded, LB_E(IO) the
 * device failed, or gave back other bytes than it was given.
 *
 * The sequence number has 64 bits: at a thousand writes per second it lasts 500 million years. */
MUST_CHECK int lb_recovery_save(struct lb_record *r, const struct plat_block *dev);
