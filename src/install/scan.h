/* install/scan.h - one pass over an image: what it is, and whether it is whole.
 *
 * Takes the bytes in pieces of any size, in order, and keeps a fixed amount of them whatever the
 * size of the image. Nothing is trusted: signatures are checked by whoever has the keys. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <md5.h>

#include "base/err.h"
#include "image/fwtool.h"
#include "image/identify.h"
#include "image/medkit.h"
#include "image/metadata.h"
#include "image/tar.h"
#include "install/ed25519.h"
#include "install/fit_check.h"
#include "install/hash.h"
#include "install/unpack.h"

/* What a sysupgrade archive brings for two places. */
enum lb_scan_part {
	LB_SCAN_ROOT,
	LB_SCAN_KERNEL,
	LB_SCAN_PARTS,
};

/* A member of the archive: its data stand there as they are. */
struct lb_scan_place {
	uint64_t at_bytes, size_bytes;
	unsigned count;		/* 0 = it is not there; of several the first one is told */
	struct lb_sha256 state; /* until its end */
	uint8_t sha256[LB_SHA256_SIZE];
};

/* An image, or what is inside of a packed one. */
struct lb_scan_layer {
	uint8_t head[LB_IMAGE_HEAD_BYTES];
	size_t head_len;
	bool decided; /* the head was looked at */
	struct lb_image image;
	uint64_t size_bytes;
	uint64_t strange_at; /* the first byte behind the end of archive or compressed data that is
				no padding; UINT64_MAX = none */
	uint32_t seen[LB_IMAGE_SUMS_MAX]; /* of image.sums, over what has come */
	bool is_tree;			  /* a FIT: */
	struct lb_fit_check fit;
	bool walks; /* it is an archive */
	struct lb_tar tar;
	struct lb_medkit_content content;
	char control_board[LB_NAME_MAX]; /* BOARD= of a sysupgrade archive's CONTROL */
	struct lb_scan_place part[LB_SCAN_PARTS];
	char turris_version[LB_NAME_MAX];
};

struct lb_scan {
	struct lb_scan_layer file, inside;
	bool packed; /* `inside` is in use */
	struct lb_unpack unpack;
	struct lb_sha256 sha256_state; /* over what has left the tail */
	struct lb_sha256 inside_state; /* over what was unpacked */
	bool with_md5; /* half of the time would go into it: only when somebody asks */
	MD5_CTX md5_state;
	struct lb_ed25519 *signature; /* fed with every byte; NULL = none */
	/* Gets what was in a packed image, as it comes; NULL = nobody wants it. */
	void (*inside_take)(void *ctx, const uint8_t *data, size_t n);
	void *inside_ctx;
	uint8_t tail[2 * LB_FWTOOL_TAIL_BYTES];
	size_t tail_len;
	uint32_t crc_before_tail;

	/* What lb_scan_end() leaves behind. */
	uint8_t sha256[LB_SHA256_SIZE];
	uint8_t payload_sha256[LB_SHA256_SIZE]; /* of lb_scan_payload_bytes() */
	uint8_t md5[16];			/* with_md5 only */
	char damage[LB_SENTENCE_MAX]; /* "" = whole; else the end of a sentence: "it ..." */
	bool summed;		      /* a checksum over all data was there, and is right */
	bool has_metadata;
	struct lb_metadata metadata;
	struct lb_fwtool blocks;
	bool has_signature; /* inside of the image: */
	uint8_t signature_text[LB_FWTOOL_SIGNATURE_MAX];
	size_t signature_len;
	uint64_t signed_bytes; /* the signature is over as many bytes from the start */
};

/* `signature`: see above; the caller begins and ends it. 0 or LB_E(IO). */
MUST_CHECK int lb_scan_begin(struct lb_scan *s, struct lb_ed25519 *signature, bool with_md5);
void lb_scan_feed(struct lb_scan *s, const void *data, size_t n);
/* Call once; releases what the scan holds. */
void lb_scan_end(struct lb_scan *s);

/* The kind of what is inside of a packed image, LB_IMAGE_NONE of another one. */
enum lb_image_kind lb_scan_inside(const struct lb_scan *s);

/* What would be written: unpacked, without OpenWrt's blocks. */
uint64_t lb_scan_payload_bytes(const struct lb_scan *s);

/* Where an overlay begins behind the read-only root that it starts with, once it is written; 0: it
 * starts with none. */
uint64_t lb_scan_overlay_bytes(const struct lb_scan *s);
