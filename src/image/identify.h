/* image/identify.h - what is this file? Answered from its first bytes (pure). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"

/* As much of the start as lb_image_identify() ever looks at: a GPT takes 17 KiB, the header of a
 * FIT may be some more. */
#define LB_IMAGE_HEAD_BYTES 65536

#define LB_IMAGE_SUMS_MAX   1 /* those of a FIT: image/fit_tree.h */

enum lb_image_class {
	LB_IMAGE_CLASS_NOTHING,
	LB_IMAGE_CLASS_SYSTEM,	/* goes into flash or onto a root partition by the system itself */
	LB_IMAGE_CLASS_DISK,	/* a whole disk */
	LB_IMAGE_CLASS_LOADER,	/* goes in through the maker's boot loader or web page */
	LB_IMAGE_CLASS_SEALED,	/* encrypted by the maker */
	LB_IMAGE_CLASS_PACKED,	/* something else is inside */
	LB_IMAGE_CLASS_ARCHIVE, /* files, no system */
};

enum lb_image_kind {
#define IMAGE(id, name, title, class, off, magic, parser) LB_IMAGE_##id,
#include "tables/images.def"
#undef IMAGE
	LB_IMAGE_COUNT
};

enum lb_sum_method {
	LB_SUM_NONE,	   /* the format has none, or none that is known well enough */
	LB_SUM_CRC32,	   /* as lb_crc32() */
	LB_SUM_CRC32_OPEN, /* the same without the inversion at the end */
	LB_SUM_BYTES,	   /* all bytes added up, modulo 256 */
};

/* A checksum over a part of the file: bytes `from` to `to` - 1. */
struct lb_image_sum {
	enum lb_sum_method method;
	uint64_t from, to; /* to = UINT64_MAX: the end of the file */
	uint32_t want;
};

struct lb_image {
	enum lb_image_kind kind;
	int header;		   /* 0, or what is wrong with the header: LB_E(TRUNC|CRC|RANGE) */
	char board[LB_NAME_MAX];   /* as the header has it, printable; "" = it does not say */
	char version[LB_NAME_MAX]; /* likewise: the version, or the name that was given */
	uint64_t length_bytes; /* the file has at least this many; 0 = the header does not say */
	struct lb_image_sum sums[LB_IMAGE_SUMS_MAX];
	size_t sum_count;
};

/* `head`: the first LB_IMAGE_HEAD_BYTES, or the whole file when it is shorter. 0, or LB_E(FORMAT)
 * when no row of tables/images.def fits; then `out` is untouched. */
MUST_CHECK int lb_image_identify(struct lb_image *out, const void *head, size_t n);

/* Name for programs, title for people, class; of LB_IMAGE_NONE for a kind that is none. */
const char *lb_image_name(enum lb_image_kind kind);
const char *lb_image_title(enum lb_image_kind kind);
enum lb_image_class lb_image_class(enum lb_image_kind kind);
