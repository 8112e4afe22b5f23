/* image/fwtool.h - the blocks that OpenWrt appends to an image: metadata, signature (pure).
 *
 * Each block ends in a trailer of 16 bytes, big endian: "FWx0", CRC-32 over every byte of the file
 * before the trailer (without the inversion at the end), type, 3 bytes of padding, size of the
 * block with its trailer. A metadata block starts with 8 bytes of header. They are found from the
 * end of the file backwards. Source: OpenWrt's fwtool.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_FWTOOL_BLOCKS_MAX	4
#define LB_FWTOOL_METADATA_MAX	(30 * 1024)
#define LB_FWTOOL_SIGNATURE_MAX 1024
/* With as much of the end of a file every block of allowed size is seen. */
#define LB_FWTOOL_TAIL_BYTES 65536

enum lb_fwtool_type {
	LB_FWTOOL_SIGNATURE = 0,
	LB_FWTOOL_METADATA = 1,
};

struct lb_fwtool_block {
	uint8_t type;
	uint32_t size_bytes;		/* with header and trailer */
	size_t payload_at, payload_len; /* in the tail */
	size_t trailer_at;		/* in the tail */
	uint32_t crc;			/* as the trailer has it */
};

/* In the order in which they stand in the file. */
struct lb_fwtool {
	struct lb_fwtool_block block[LB_FWTOOL_BLOCKS_MAX];
	size_t count;
	uint64_t appended_bytes; /* how much of the file is blocks */
};

/* `tail`: the end of the file. 0 also when there is no block; LB_E(RANGE) when a trailer's size
 * cannot be right or exceeds what this type may have; LB_E(NOSPC) more blocks than
 * LB_FWTOOL_BLOCKS_MAX. On failure `out` is untouched. */
MUST_CHECK int lb_fwtool_parse(struct lb_fwtool *out, const void *tail, size_t n);

/* Is the checksum of a block right? `crc_before`: lb_crc32() of the whole file up to the tail. 0 or
 * LB_E(CRC). */
MUST_CHECK int lb_fwtool_verify(const struct lb_fwtool_block *b, const uint8_t *tail,
				uint32_t crc_before);

/* The first block of that type, or NULL. */
const struct lb_fwtool_block *lb_fwtool_find(const struct lb_fwtool *f, enum lb_fwtool_type type);
