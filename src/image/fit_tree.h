/* image/fit_tree.h - a flattened image tree that comes in pieces (pure).
 *
 * Says which images are in it or behind it, and which checksums they have to have. The names of a
 * tree's properties stand behind its values, so that nobody knows which value is an image's data
 * while it goes by: the caller adds up each that might be, and the names decide afterwards. Source:
 * the devicetree specification, chapter 5, and U-Boot's description of the format. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_FIT_IMAGES_MAX  64 /* a kernel, a root, and a device tree per board of a family */
#define LB_FIT_HASHES_MAX  4
#define LB_FIT_DATA_MAX	   8	/* values of an image that are long enough to be its data */
#define LB_FIT_NUMBERS_MAX 12	/* values of 4 bytes */
#define LB_FIT_STRINGS_MAX 4096 /* all names together; those of OpenWrt's take 200 bytes */
#define LB_FIT_NAME_MAX	   32
#define LB_FIT_DIGEST_MAX  32

enum lb_fit_method {
	LB_FIT_CRC32,
	LB_FIT_SHA1,
	LB_FIT_SHA256,
	LB_FIT_METHOD_COUNT
};

/* The digests by all methods; of CRC-32 the 4 bytes as they stand in a tree. */
struct lb_fit_digests {
	uint8_t of[LB_FIT_METHOD_COUNT][LB_FIT_DIGEST_MAX];
};

/* 4, 20, 32. */
size_t lb_fit_digest_bytes(enum lb_fit_method m);

/* Adds up what it is given between begin and end. */
struct lb_fit_adder {
	void *ctx;
	void (*begin)(void *ctx);
	void (*data)(void *ctx, const uint8_t *bytes, size_t n);
	void (*end)(void *ctx, struct lb_fit_digests *out);
};

struct lb_fit_hash {
	enum lb_fit_method method;
	uint8_t want[LB_FIT_DIGEST_MAX];
};

/* One image, as lb_fit_image() tells it. */
struct lb_fit_image {
	const char *name;
	bool inside;			   /* its data were in the tree: */
	const struct lb_fit_digests *seen; /* what was added up */
	bool behind;			   /* they are in the file here: */
	uint64_t at, size_bytes;
	struct lb_fit_hash hash[LB_FIT_HASHES_MAX];
	size_t hash_count;
};

/* What went by, with names that are still numbers. Own. */
struct lb_fit_record {
	char name[LB_FIT_NAME_MAX];
	struct {
		uint32_t name;
		struct lb_fit_digests seen;
	} data[LB_FIT_DATA_MAX];
	struct {
		uint32_t name, value;
	} number[LB_FIT_NUMBERS_MAX];
	struct lb_fit_hash_record {
		struct {
			uint32_t name;
			size_t len; /* more than LB_FIT_DIGEST_MAX: it was not kept */
			uint8_t value[LB_FIT_DIGEST_MAX];
		} prop[4];
		size_t prop_count;
	} hash[LB_FIT_HASHES_MAX];
	size_t data_count, number_count, hash_count;
	bool too_much; /* there was more of something than there is room for */
};

struct lb_fit_tree {
	bool whole; /* all of it has come, and makes sense: images may be asked for */
	int error;  /* LB_E(RANGE): it makes no sense; the rest is not looked at */
	size_t image_count;
	bool more_images; /* than there is room for */

	/* Own. */
	struct lb_fit_adder adder;
	uint64_t at;
	uint8_t header[40];
	struct lb_fit_header {
		uint32_t total, structure, structure_len, strings, strings_len;
	} head;
	char names[LB_FIT_STRINGS_MAX];
	struct lb_fit_record image[LB_FIT_IMAGES_MAX];
	int phase, depth;
	uint8_t word[4];
	unsigned word_used;
	char node[LB_FIT_NAME_MAX];
	size_t node_len;
	uint32_t prop_len, prop_name, left, padding;
	uint8_t value[LB_FIT_DIGEST_MAX];
	bool adding, in_images, in_hash;
	struct lb_fit_record *current;
};

void lb_fit_tree_begin(struct lb_fit_tree *t, const struct lb_fit_adder *adder);

/* The next piece of the file, from its first byte on. What stands behind the tree is left alone. */
void lb_fit_tree_feed(struct lb_fit_tree *t, const void *data, size_t n);

/* Image i of a whole tree. 0; LB_E(FORMAT) a checksum without data, method or value; LB_E(UNSUP)
 * it has more of something than there is room for, or a checksum by a method that is not known.
 * `out` is filled in as far as it is known, and points into the tree. */
MUST_CHECK int lb_fit_image(const struct lb_fit_tree *t, size_t i, struct lb_fit_image *out);
