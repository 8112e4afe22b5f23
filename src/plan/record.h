/* plan/record.h - the recovery record: what must survive a power cut (docs/record.md has the byte
 * layout).
 *
 * Pure codec of one copy. Two copies are written in turn (store/recovery.h), the one with the
 * higher sequence number that passes its CRC is the record.
 *
 * A struct lb_record takes some 9 KB: keep it in static storage, not on the stack of PID 1.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/slots.h"
#include "tables/limits.h"
#include "tables/tables.h"

#define LB_RECORD_HASH_BYTES 32 /* SHA-256 */

enum lb_request {
	LB_REQUEST_NONE = 0,
	LB_REQUEST_FAILSAFE = 1, /* enter failsafe at the next boot */
};

/* What is known of the overlay without looking at it. */
enum lb_record_overlay {
	LB_RECORD_OVERLAY_NEW = 0,
	LB_RECORD_OVERLAY_READY =
		1, /* a system came up on it: its data counts, whatever .fs_state says */
	LB_RECORD_OVERLAY_FORMATTING =
		2,		     /* mkfs was begun: a power cut must not leave it half done */
	LB_RECORD_OVERLAY_RESET = 3, /* to be formatted at the next boot */
	LB_RECORD_OVERLAY_RESET_KEEP = 4, /* to be emptied at the next boot, but for the archive */
};

/* A root without overlay that is to be written anew from the factory image. */
enum lb_record_reflash {
	LB_RECORD_REFLASH_NONE = 0,
	LB_RECORD_REFLASH_ASKED = 1, /* nothing has been written yet: the root can be used */
	LB_RECORD_REFLASH_BEGUN = 2, /* the root is not whole, and is not to be used */
};

/* The last factory reset. */
struct lb_reset_result {
	uint8_t outcome;    /* enum lb_reset_outcome */
	uint8_t why;	    /* enum lb_reset_why (plan/reset.h): what did not work */
	uint8_t from_image; /* 1: a root was written anew; then `why` is an enum lb_reflash_why */
	uint64_t at_s;	  /* when it was begun, seconds since 1970; the clock may have been wrong */
	uint32_t took_ms; /* until the command ended */
	uint32_t format_ms; /* of it, or after it, at the next boot: until the new overlay, or root,
			     * was there
			     */
	uint64_t entries;   /* deleted by the command */
};

enum lb_reset_outcome {
	LB_RESET_NONE = 0,	/* there was none */
	LB_RESET_COMMITTED = 1, /* asked for; the next boot finishes it */
	LB_RESET_COMPLETE = 2,
	LB_RESET_REFUSED = 3, /* it did not happen */
};

/* The upgrade that is to be carried on, and what came of the last one (plan/upgrade.h). */
struct lb_upgrade_record {
	uint8_t stage; /* enum lb_upgrade_stage */
	uint8_t flags; /* LB_UPGRADE_FORCED, ... */
	size_t image_len, image_hash_len, settings_len, settings_hash_len;
	char image[LB_PATH_MAX]; /* DEVICE:/path, no NUL */
	uint8_t image_hash[LB_RECORD_HASH_BYTES];
	char settings[LB_PATH_MAX];
	uint8_t settings_hash[LB_RECORD_HASH_BYTES];
	uint8_t outcome; /* enum lb_upgrade_outcome */
	uint64_t at_s;
	uint32_t took_ms;
	size_t said_len;
	char said[LB_SENTENCE_MAX];
};

enum lb_rescue_outcome {
	LB_RESCUE_NONE = 0,  /* there was none */
	LB_RESCUE_BEGUN = 1, /* still so at the next boot: it was cut off */
	LB_RESCUE_DONE = 2,
	LB_RESCUE_FAILED = 3,
};

/* "done" for programs; "" for NONE, and for numbers of a newer Lifeboat. */
const char *lb_rescue_outcome_name(unsigned outcome);

/* The last rescue mode that was carried out. */
struct lb_rescue_record {
	uint8_t mode;	 /* enum lb_mode */
	uint8_t outcome; /* enum lb_rescue_outcome */
	uint8_t failure; /* enum lb_failure */
	size_t said_len;
	char said[LB_SENTENCE_MAX];
};

#define LB_UPGRADE_FORCED	1
#define LB_UPGRADE_IGNORE_MINOR 2
#define LB_UPGRADE_TOLD		4 /* the result, on the console */

struct lb_record {
	uint64_t seq;	     /* grows by one with each write; 0 = never written */
	uint32_t boot_count; /* boots seen by the gate */
	uint8_t request;     /* enum lb_request, left by the running system */
	uint8_t last_state;  /* enum lb_state: where the last boot went */
	uint8_t last_reason; /* enum lb_reason: and why */
	uint8_t overlay;     /* enum lb_record_overlay */
	uint8_t reflash;     /* enum lb_record_reflash */
	struct lb_slots_state slots;
	uint8_t owner_slot; /* the slot that `overlay` and `reflash` are about */
	struct {
		uint8_t overlay, reflash;
	} aside[LB_SLOTS_MAX]; /* what they are of the slot that is not the owner */
	size_t host_key_len;   /* recovery SSH host key in dropbear's file format; 0 = none yet */
	uint8_t host_key[LB_BLOB_MAX];
	struct lb_reset_result reset;
	struct lb_upgrade_record upgrade;
	struct lb_rescue_record rescue;
	uint8_t card_mode; /* enum lb_mode: it was writing the card; 0 = none was */
	size_t log_len;	   /* whole lines of printable ASCII, each ended by \n, oldest first */
	char log[LB_LOG_TAIL_BYTES];
};

/* Encode into exactly LB_RECORD_BYTES bytes. 0, or LB_E(RANGE) when a length in `r` is impossible
 * or its log is not what lb_record_log() makes: what was encoded can always be decoded. */
MUST_CHECK int lb_record_encode(const struct lb_record *r, uint8_t out[LB_RECORD_BYTES]);

/* Decode one copy. 0, or with `out` untouched: LB_E(TRUNC|RANGE) n is not LB_RECORD_BYTES,
 * LB_E(FORMAT) no record, LB_E(CRC) damaged, LB_E(UNSUP) written by a newer major version.
 * Fields of a newer minor version are skipped; a missing field is zero. */
MUST_CHECK int lb_record_decode(struct lb_record *out, const void *buf, size_t n);

/* Judge a copy without decoding it: 1 = lb_record_decode() would succeed, 0 = its CRC is right but
 * this version cannot use it; `seq` is its sequence number in both cases (older software that
 * writes next to a newer one's copy must count on from it). LB_E(TRUNC|RANGE|FORMAT|CRC) as above.
 */
MUST_CHECK int lb_record_check(uint64_t *seq, const void *buf, size_t n);

/* Ask the next boot to write the root anew. What was begun stays begun: the root is not whole. */
void lb_record_ask_reflash(struct lb_record *r);

/* Each slot has an overlay of its own: from now `overlay` and `reflash` are those of this slot. */
void lb_record_enter_slot(struct lb_record *r, unsigned slot);

/* A new image is to be in the slot, with a new overlay behind it. */
void lb_record_renew_slot(struct lb_record *r, unsigned slot);

/* Add one line (no newline in it; bytes that are not printable ASCII become '?', so that no
 * terminal and no JSON parser stumbles over a log; cut at 200 bytes); the oldest lines make room.
 */
void lb_record_log(struct lb_record *r, const char *line);

/* Where the last `line_count` lines of the log start; they end at log + log_len. */
const char *lb_record_tail(const struct lb_record *r, size_t line_count);
