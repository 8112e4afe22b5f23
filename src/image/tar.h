/* image/tar.h - walk through a tar archive that comes in pieces, without storing any of it (pure).
 *
 * Reads ustar, GNU and pax archives as far as names of up to 255 bytes and sizes go; what carries
 * longer names is a member without a name. Extracts nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_TAR_BLOCK	512
#define LB_TAR_NAME_MAX 256
#define LB_TAR_TEXT_MAX 512 /* of a small member: CONTROL, turris-version */

struct lb_tar_header {
	char name[LB_TAR_NAME_MAX]; /* without "./" in front; "" = longer than we read */
	uint64_t size_bytes;
	char type; /* '0' file, '5' directory, '2' link, 'L' 'x' 'g' ... */
};

/* One header block. 0; LB_E(TRUNC) when n is less than a block; LB_E(CRC) wrong checksum;
 * LB_E(FORMAT) otherwise no header. On failure `out` is untouched. */
MUST_CHECK int lb_tar_parse(struct lb_tar_header *out, const void *block, size_t n);

/* Called once per member, when all of it has gone by. `text` has the first `text_len` bytes of a
 * file, LB_TAR_TEXT_MAX at most; NUL-terminated. */
typedef void lb_tar_member(void *ctx, const struct lb_tar_header *h, const char *text,
			   size_t text_len);

/* Called for each piece of a member's data, in order. */
typedef void lb_tar_data(void *ctx, const struct lb_tar_header *h, const uint8_t *data, size_t n);

struct lb_tar {
	lb_tar_member *member;
	lb_tar_data *data; /* NULL, unless set after lb_tar_init() */
	void *ctx;
	struct lb_tar_header header;
	uint8_t block[LB_TAR_BLOCK];
	char text[LB_TAR_TEXT_MAX + 1];
	size_t block_used, text_len;
	uint64_t data_left, padding_left;
	unsigned zero_blocks; /* two in a row end an archive */
	bool long_name_next;
	unsigned members;
	uint64_t taken_bytes; /* of the archive: what is behind its end was left alone */
	uint64_t data_at;     /* where the data of the member begin, as seen by `member` */
	int error;	      /* once set, the rest is not looked at */
};

struct lb_tar lb_tar_init(lb_tar_member *member, void *ctx);

/* The next piece. */
void lb_tar_feed(struct lb_tar *t, const void *data, size_t n);

/* Nothing more comes. 0 when the archive is complete, LB_E(TRUNC) when its end is missing,
 * LB_E(CRC|FORMAT) when it was no archive from some place on. */
MUST_CHECK int lb_tar_end(const struct lb_tar *t);

/* The board in the name of the first folder of a sysupgrade archive, "sysupgrade-BOARD/...". 0, or
 * LB_E(FORMAT). `out` has LB_NAME_MAX bytes. */
MUST_CHECK int lb_sysupgrade_board(char *out, const char *member_name);
