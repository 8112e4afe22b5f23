/* plan/snapshot_info.h - the .info file of a snapshot (pure).
 *
 * Lines TYPE="single", DESCRIPTION="text", ROLL_TO=3 (or factory), CREATED="2026-11-21 09:17:00
 * +0100". schnapps runs the file as a shell script; here it is data, and what is written can be run
 * without harm. Ours are FORGET, in the note of a rollback only, and in that of a savepoint
 * WAIT=10, which are minutes, and STARTED=1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_SNAPSHOT_FACTORY  4294967295u /* "@factory" where a number stands */
#define LB_SNAPSHOT_TEXT_MAX 1025	 /* schnapps cuts a description at 1024 bytes */
#define LB_SNAPSHOT_DATE_MAX 32
#define LB_SNAPSHOT_WAIT_MAX 1440 /* minutes: a day */
#define LB_SNAPSHOT_INFO_MAX 4096 /* a file that schnapps has written has 1200 bytes at most */

enum lb_snapshot_type {
#define SNAPSHOT_TYPE(id, name, given) LB_SNAPSHOT_##id,
#include "tables/snapshot_types.def"
#undef SNAPSHOT_TYPE
	LB_SNAPSHOT_TYPES
};

enum lb_forget {
	LB_FORGET_NOTHING,
	LB_FORGET_STATE, /* the state before is not kept; subvolumes inside move along */
	LB_FORGET_ALL,	 /* nor are these and all snapshots: the device goes to somebody else */
};

struct lb_snapshot_info {
	enum lb_snapshot_type type;
	char description[LB_SNAPSHOT_TEXT_MAX]; /* after lb_snapshot_filter() */
	char created[LB_SNAPSHOT_DATE_MAX];	/* digits, ' ', '-', '+' and ':' only */
	uint32_t roll_to;			/* of a rollback: where it went; 0 = not known */
	enum lb_forget forget;
	uint16_t wait_minutes; /* of a savepoint: for "commit"; 0 = nobody waits */
	bool started;	       /* the machine was started meanwhile */
};

/* Never NULL. */
const char *lb_snapshot_type_name(enum lb_snapshot_type type);
/* The type of that name, or LB_E(NOENT). */
MUST_CHECK int lb_snapshot_type_by_name(const char *name);
/* May a person give it? */
bool lb_snapshot_type_is_given(enum lb_snapshot_type type);

/* Copies what may stand in a description; each other byte becomes '_'. Returns whether `text` was
 * changed or cut. */
bool lb_snapshot_filter(char out[LB_SNAPSHOT_TEXT_MAX], const char *text);

/* Lines that say nothing to us are passed over. LB_E(FORMAT): no line says what type it is;
 * `out` is untouched. */
MUST_CHECK int lb_snapshot_info_parse(struct lb_snapshot_info *out, const void *text, size_t n);

/* Seconds since 1970 of a CREATED, such as "2026-11-21 09:17:00 +0100"; without a zone it is UTC.
 * LB_E(FORMAT). */
MUST_CHECK int lb_snapshot_time(int64_t *out_s, const char *created);

/* Returns the length. */
size_t lb_snapshot_info_format(char out[LB_SNAPSHOT_INFO_MAX], const struct lb_snapshot_info *info);
