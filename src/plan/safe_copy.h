/* plan/safe_copy.h - the archive of settings on the medium while the root in front of it is written
 * anew: what the record says of it, and the head of the copy that lies there without a file system
 * (pure). docs/upgrade.md tells why it is always somewhere, docs/settings-archive.md has the bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_SAFE_HEADER_BYTES 64
#define LB_SAFE_HASH_BYTES   32 /* SHA-256 */

struct lb_safe_header {
	uint64_t archive_bytes;
	uint8_t hash[LB_SAFE_HASH_BYTES]; /* of the archive, which follows the header */
};

void lb_safe_header_encode(const struct lb_safe_header *h, uint8_t out[LB_SAFE_HEADER_BYTES]);

/* 0, or with `out` untouched LB_E(TRUNC), LB_E(FORMAT) it is none, LB_E(CRC), LB_E(RANGE) no
 * archive is as long. */
MUST_CHECK int lb_safe_header_parse(struct lb_safe_header *out, const void *buf, size_t n);

/* Where the copy ends that begins behind the head of a target: a whole number of its blocks, 0 when
 * no target is as large. */
uint64_t lb_safe_copy_end(uint64_t head_bytes, uint64_t block_bytes, uint64_t archive_bytes);

/* As the record notes it: "root:5242880", with the byte on the root's device at which the overlay
 * begins that has the archive; "root:" when the overlay is found by its name. */
#define LB_SAFE_PLACE_MAX 32

size_t lb_safe_place_encode(uint64_t overlay_bytes, char out[LB_SAFE_PLACE_MAX]);

/* *overlay_bytes 0: by name. LB_E(FORMAT): the archive is not on the root's device. */
MUST_CHECK int lb_safe_place_parse(uint64_t *overlay_bytes, const char *text, size_t n);
