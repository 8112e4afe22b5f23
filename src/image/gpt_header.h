/* image/gpt_header.h - the header of a GPT, read and written (pure).
 *
 * UEFI specification 2.10, section 5.3.2. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_GPT_ID_BYTES 16

struct lb_gpt_header {
	uint64_t at, other_at;		    /* sectors: itself, the other copy */
	uint64_t first_usable, last_usable; /* sectors */
	uint8_t disk_id[LB_GPT_ID_BYTES];
	uint64_t entries_at; /* sector */
	uint32_t entry_count, entry_bytes, entries_crc;
};

/* `sector` starts with the header. 0, or with `out` untouched: LB_E(NOENT) it is none, LB_E(TRUNC)
 * it is cut, LB_E(RANGE) its length is wrong, LB_E(CRC). */
MUST_CHECK int lb_gpt_header_parse(struct lb_gpt_header *out, const void *sector, size_t n);

/* A sector of n bytes, with zeros behind the header. 0 or LB_E(NOSPC). */
MUST_CHECK int lb_gpt_header_put(const struct lb_gpt_header *h, void *sector, size_t n);
