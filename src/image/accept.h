/* image/accept.h - would this board take this image, and why not? The one place that decides it
 * (pure). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/identify.h"
#include "tables/limits.h"

enum lb_refusal {
#define REFUSAL(id, code, name, text) LB_REFUSAL_##id,
#include "tables/refusals.def"
#undef REFUSAL
	LB_REFUSAL_COUNT
};

/* "damaged", and the exit status of "lifeboat verify" that goes with it. */
const char *lb_refusal_name(enum lb_refusal r);
int lb_refusal_code(enum lb_refusal r);

enum lb_trust {
	LB_TRUST_NONE,	     /* there is no signature */
	LB_TRUST_GOOD,	     /* by a key of the directory */
	LB_TRUST_WRONG,	     /* such a key, but the signature is not right */
	LB_TRUST_REVOKED,    /* by a key that was withdrawn */
	LB_TRUST_EXPIRED,    /* by a key whose certificate has ended */
	LB_TRUST_UNKNOWN,    /* by a key that the directory does not have */
	LB_TRUST_UNREADABLE, /* there is something that is no signature of a known form */
	LB_TRUST_UNCHECKED,  /* it could not be checked: there is no directory of keys */
	LB_TRUST_READ_ONCE, /* inside, by a key that is known, but the image cannot be read again */
};

/* What is known of an image. All strings are the caller's. */
struct lb_offer {
	enum lb_image_kind kind;   /* as the file is */
	enum lb_image_kind inside; /* of a packed one: what was in it; else LB_IMAGE_NONE */
	const char *damage; /* "" = intact; else the end of a sentence that starts with "it" */
	bool has_metadata;  /* OpenWrt's, with a right checksum */
	const char (*boards)[LB_NAME_MAX]; /* whom it is for, all names that it gives */
	size_t board_count;
	const char
		*other_board; /* a medkit's content contradicts its name: whose content; else "" */
	const char *version;  /* "" = it does not say */
	const char *compat_version, *compat_message; /* "" = it does not say */
	uint64_t size_bytes; /* what would be written: unpacked, without OpenWrt's blocks */
	enum lb_trust trust;
	bool signature_beside; /* in a file of its own, by somebody who meant it for this device */
	bool clock_behind;     /* a certificate is younger than the clock */
	const char *key_id;
};

/* What is known of the board. */
struct lb_taker {
	const char *id;			  /* "" = no board: only damage, kind and signature count */
	const char (*names)[LB_NAME_MAX]; /* further names under which images know it */
	size_t name_count;
	const char *compat_version, *min_version; /* "" = 1.0, any */
	uint64_t max_bytes;			  /* 0 = not known */
	bool signature_required;
	const char *door_words;		  /* of tables/doors.def: where that is so */
	bool keep_settings, ignore_minor; /* as sysupgrade's options have it */
};

struct lb_verdict {
	bool refused[LB_REFUSAL_COUNT];
	char why[LB_REFUSAL_COUNT]
		[LB_SENTENCE_MAX];  /* one sentence per reason, without a full stop */
	char note[LB_SENTENCE_MAX]; /* taken, but this should be known; "" = nothing */
};

/* Is this a name of the board: its id or a further one, with '_' for ','? */
bool lb_taker_knows(const struct lb_taker *taker, const char *board);

void lb_accept(struct lb_verdict *out, const struct lb_offer *offer, const struct lb_taker *taker);

/* The reason that counts most, or LB_REFUSAL_COUNT: taken. */
enum lb_refusal lb_verdict_first(const struct lb_verdict *v);
