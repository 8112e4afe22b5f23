/* plan/snapshot.h - snapshots of a btrfs root in the layout of Turris routers (pure).
 *
 * On the top level of the file system lie the subvolume "@", which is the root of the running
 * system, snapshots "@1", "@2", ..., "@factory", and what is known of each in a file "1.info".
 * Whatever is under way has a name of ours, which no other program gives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/snapshot_info.h"

#define LB_SNAPSHOT_ROOT "@"
#define LB_SNAPSHOT_NEXT \
	"@lifeboat-root" /* the root to be, and after the exchange the one before */
#define LB_SNAPSHOT_FILL     "@lifeboat-fill"	/* is being filled by an import; worth nothing */
#define LB_SNAPSHOT_EXPORT   "@lifeboat-export" /* the state that is being exported */
#define LB_SNAPSHOT_NOTE     ".lifeboat-rollback.info" /* of the state before: it becomes N.info */

#define LB_SNAPSHOT_CURRENT  0		/* "@" where a number stands */
#define LB_SNAPSHOT_LAST     999999999u /* the largest number: nine digits */
#define LB_SNAPSHOTS_MAX     16384 /* a cron job gone wild for a year; a set of them has 256 KiB */
#define LB_SNAPSHOT_NAME_MAX 24

struct lb_snapshot {
	uint32_t number;
	uint32_t roll_to; /* of a rollback: where it went, 0 = not known */
	enum lb_snapshot_type type;
	bool has_info;	     /* without one schnapps does not list it */
	bool waits, started; /* a savepoint: see struct lb_snapshot_info */
};

struct lb_snapshot_set {
	struct lb_snapshot all[LB_SNAPSHOTS_MAX]; /* by rising number, after lb_snapshot_sort() */
	size_t count;
	bool root, factory; /* there is "@", "@factory" */
	uint32_t taken;	    /* the highest number whose names belong to something else; 0 = none */
};

/* "@" is LB_SNAPSHOT_CURRENT, "@factory" LB_SNAPSHOT_FACTORY. LB_E(FORMAT): no name of a snapshot.
 */
MUST_CHECK int lb_snapshot_parse_name(uint32_t *out, const char *name);
/* What people type: "3", "factory", "current". LB_E(FORMAT). */
MUST_CHECK int lb_snapshot_parse_word(uint32_t *out, const char *word);
/* "3.info". LB_E(FORMAT). */
MUST_CHECK int lb_snapshot_parse_info_name(uint32_t *out, const char *name);

void lb_snapshot_name(uint32_t number, char out[LB_SNAPSHOT_NAME_MAX]);	     /* "@3" */
void lb_snapshot_word(uint32_t number, char out[LB_SNAPSHOT_NAME_MAX]);	     /* "3" */
void lb_snapshot_info_name(uint32_t number, char out[LB_SNAPSHOT_NAME_MAX]); /* "3.info" */

void lb_snapshot_sort(struct lb_snapshot_set *set);
/* NULL: there is none of this number. */
const struct lb_snapshot *lb_snapshot_find(const struct lb_snapshot_set *set, uint32_t number);
/* The number that a new one gets: the highest one that is taken, and 1. LB_E(RANGE): there are
 * LB_SNAPSHOTS_MAX, or one has LB_SNAPSHOT_LAST. */
MUST_CHECK int lb_snapshot_next(const struct lb_snapshot_set *set, uint32_t *out);

/* Where a rollback without an argument goes: to the newest snapshot that an earlier rollback has
 * not passed already, in the end to the factory state. LB_E(NOENT): nothing is left. */
MUST_CHECK int lb_snapshot_target(const struct lb_snapshot_set *set, uint32_t *out);

/* Has somebody gone back to something since this one was made? */
bool lb_snapshot_is_left(const struct lb_snapshot_set *set, uint32_t number);

/* The savepoint that waits for "commit" when the machine starts, which may be left. NULL: none. */
const struct lb_snapshot *lb_snapshot_waiting(const struct lb_snapshot_set *set);

/* How many of each kind stay; negative = all of them. */
struct lb_snapshot_limits {
	int single, time, update, rollback; /* `update`: of pre and of post, each */
};

/* Which ones are to go: the oldest of each kind. `doomed` has set->count elements. Returns how
 * many. A state that is still to be confirmed (save) is none of them. */
size_t lb_snapshot_retention(const struct lb_snapshot_set *set,
			     const struct lb_snapshot_limits *limits, bool *doomed);

/* Is the next weekly one due, when the last one was made then (seconds since 1970, 0 = never)? */
bool lb_snapshot_is_due(int64_t last_s, int64_t now_s);
/* Not one that a clock dated that was wrong: it would be the last one for years. */
bool lb_snapshot_counts(int64_t made_s, int64_t now_s);

/* --- a rollback, as steps that may be run again
 *
 * The new root is made under a name of ours and exchanged with "@" at once: at no moment there is
 * no "@". What lies under our name after the exchange is the state before, which becomes the next
 * snapshot. A subvolume that was made later has the higher id: so a cut is told to have come
 * before the exchange (the new root goes) or after it (the state before is kept). */
enum lb_rollback_step {
	LB_ROLLBACK_NOTE,     /* write the note, which lasts */
	LB_ROLLBACK_MAKE,     /* a writable snapshot of the target under our name */
	LB_ROLLBACK_PREPARE,  /* the hooks of the system, on the new root */
	LB_ROLLBACK_EXCHANGE, /* with "@" */
	LB_ROLLBACK_PLACE,    /* there is no "@": the new root gets that name */
	LB_ROLLBACK_NESTED,   /* subvolumes inside the state before move to the new root */
	LB_ROLLBACK_INFO,     /* the note becomes the .info of the next number, which lasts */
	LB_ROLLBACK_KEEP,     /* and our name that number */
	LB_ROLLBACK_FORGET,   /* or the state before is deleted, with all inside */
	LB_ROLLBACK_SYNC,
	LB_ROLLBACK_DISCARD, /* delete the new root: it never became one */
	LB_ROLLBACK_UNNOTE,
	LB_ROLLBACK_DONE,
	LB_ROLLBACK_FAILED,
	LB_ROLLBACK_LATER, /* what is left to do has to wait for the next boot */
};

struct lb_rollback_sense {
	bool root, next, note;	   /* is there "@", our name, the note */
	uint64_t root_id, next_id; /* of the subvolumes */
	bool next_runs;		   /* the system runs on what our name stands for, or will */
	enum lb_forget forget;	   /* as asked, or as the note says */
	bool prepare;		   /* there are hooks */
};

struct lb_rollback_plan {
	struct lb_rollback_sense sense;
	enum lb_rollback_step step; /* to be carried out now */
	int result;		    /* of the first step that failed, 0 = none */
	bool changed;		    /* "@" is the new root */
};

/* The sense without `next` and `note`: lb_rollback_resume() comes first. */
void lb_rollback_begin(struct lb_rollback_plan *p, const struct lb_rollback_sense *sense);

/* Finish or undo what a cut has left. Starts with LB_ROLLBACK_DONE when there is nothing. */
void lb_rollback_resume(struct lb_rollback_plan *p, const struct lb_rollback_sense *sense);

/* Report how p->step went (>= 0 or an LB_E value) and learn the next one. */
void lb_rollback_next(struct lb_rollback_plan *p, int result);
