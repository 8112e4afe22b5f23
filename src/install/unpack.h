/* install/unpack.h - gzip, xz and zstd that come in pieces, with every checksum of the format
 * checked.
 *
 * Straight on zlib, liblzma and libzstd: libarchive 3.6 does not look at gzip's CRC, and takes an
 * image with a damaged byte for a good one. */
#pragma once

#include <lzma.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>
#include <zstd.h>

#include "base/err.h"
#include "image/identify.h"

#define LB_UNPACK_MEMORY_MAX (10u << 20) /* xz -6 and zstd -19 need no more */

/* Takes what comes out. */
typedef void lb_unpack_sink(void *ctx, const uint8_t *data, size_t n);

struct lb_unpack {
	enum lb_image_kind kind;
	lb_unpack_sink *sink;
	void *ctx;
	union {
		z_stream gzip;
		lzma_stream xz;
		ZSTD_DStream *zstd;
	} u;
	bool open;
	bool between;	      /* a member or frame is complete, another one may follow */
	bool done;	      /* the rest of the input is something else */
	uint64_t taken_bytes; /* of the input: the rest was left alone */
	int error;
	uint8_t out[65536];
};

/* `kind`: LB_IMAGE_GZIP, XZ or ZSTD. 0, LB_E(NOSPC) no memory, LB_E(UNSUP) another kind. */
MUST_CHECK int lb_unpack_open(struct lb_unpack *p, enum lb_image_kind kind, lb_unpack_sink *sink,
			      void *ctx);

/* The next piece. What stands behind the compressed data is left alone, as gzip does. */
void lb_unpack_feed(struct lb_unpack *p, const void *data, size_t n);

/* Nothing more comes. 0; LB_E(TRUNC) the end is missing; LB_E(CRC) damaged; LB_E(NOSPC) it takes
 * more than LB_UNPACK_MEMORY_MAX to unpack. */
MUST_CHECK int lb_unpack_end(const struct lb_unpack *p);

void lb_unpack_close(struct lb_unpack *p);
