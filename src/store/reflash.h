/* store/reflash.h - write an image to a partition: verified before, read back after, the head last.
 *
 * The image comes from anywhere that can be read twice; nothing here knows whose reset or
 * installation it is.
 */
#pragma once

#include "base/err.h"
#include "image/companion.h"
#include "plan/reflash.h"
#include "plat/reflash.h"

#define LB_SHA256_BYTES LB_HASH_MAX

/* Memory that a run works in; too large for the stack. Nothing has to be set but the chunk, whose
 * size is a multiple of LB_REFLASH_HEAD_BYTES. */
struct lb_reflash_work {
	uint8_t *chunk;
	size_t chunk_bytes;
	uint8_t head[LB_REFLASH_HEAD_BYTES]; /* of the image */
	uint8_t hash[LB_SHA256_BYTES];	     /* of the image as it was read first */
	uint64_t done_bytes;
};

struct lb_reflash_report {
	enum lb_reflash_why why;
	enum lb_reflash_step end; /* LB_REFLASH_DONE, _REFUSED or _BROKEN */
	uint8_t hash[LB_SHA256_BYTES];
};

/* Run the plan of plan/reflash.h. `wanted`: the SHA-256 that the image should have; NULL = any. 0:
 * the target is the image; LB_E(STATE): it is as it was (LB_REFLASH_REFUSED), or not whole
 * (LB_REFLASH_BROKEN). `report` is filled either way. */
MUST_CHECK int lb_reflash_run(const struct plat_reflash *p, const struct lb_reflash_sense *sense,
			      const uint8_t wanted[LB_SHA256_BYTES], struct lb_reflash_work *work,
			      struct lb_reflash_report *report);

/* Read the image to its end, and no more. 0, LB_E(CRC) it is not the `wanted` one, LB_E(IO). */
MUST_CHECK int lb_reflash_look(const struct plat_block *image,
			       const uint8_t wanted[LB_SHA256_BYTES], struct lb_reflash_work *work);
