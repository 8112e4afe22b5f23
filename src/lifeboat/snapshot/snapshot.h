/* lifeboat/snapshot/snapshot.h - what the commands of "lifeboat snapshot" share. */
#pragma once

#include <stdbool.h>

#include "lifeboat/snapshot/patience.h"
#include "plat/linux/disk/btrfs.h"
#include "store/snapshots.h"

#define LB_SNAPSHOT_NO_TREE 3 /* exit code of diff when a snapshot is not there, as of schnapps */

/* A file system that is open, with what is on it. There is one: it is large. */
struct lb_snapshot_session {
	const char *path; /* -d: a path on the file system, NULL = the root */
	bool quiet;	  /* standard output is somebody else's */
	bool unfinished;  /* what a cut has left waits for room */
	struct lb_btrfs fs;
	struct plat_snapshots plat;
	struct lb_snapshot_set set;
};

enum lb_snapshot_access {
	LB_SNAPSHOT_LOOK,	 /* others may look too */
	LB_SNAPSHOT_CHANGE,	 /* alone; what a cut has left is finished first */
	LB_SNAPSHOT_CHANGE_SOON, /* the same, or not at all: nobody is waited for longer than a
				    minute */
	LB_SNAPSHOT_FREE, /* as CHANGE, by who only deletes: what there is no room for waits for
			     lb_snapshot_finish() */
};

/* Says what is wrong. An exit code. */
MUST_CHECK int lb_snapshot_open(struct lb_snapshot_session *s, enum lb_snapshot_access access);

/* The same for one that is open and has let go of its lock. */
MUST_CHECK int lb_snapshot_lock(struct lb_snapshot_session *s, enum lb_snapshot_access access);

/* After LB_SNAPSHOT_FREE: there may be room now for what a cut has left. Says so if there is not.
 */
void lb_snapshot_finish(struct lb_snapshot_session *s);

/* Ends "the file system ...": what a command has met, and what to do about it. */
const char *lb_snapshot_why(int rc);

/* The lock of a session, and the real clock. */
struct lb_patience lb_snapshot_patience(struct lb_snapshot_session *s);

/* The time now as an .info has it. */
void lb_snapshot_date(char out[LB_SNAPSHOT_DATE_MAX]);

/* Is there such a snapshot, state or factory image? Says so if not. */
bool lb_snapshot_exists(const struct lb_snapshot_session *s, uint32_t number);

/* Exit codes. argv[0] is the command. */
int lb_snapshot_usage(const char *sentence, const char *word);
int lb_snapshot_list(struct lb_snapshot_session *s, int argc, char **argv);
int lb_snapshot_cmp(struct lb_snapshot_session *s, int argc, char **argv);
int lb_snapshot_diff(struct lb_snapshot_session *s, int argc, char **argv);
int lb_snapshot_rollback(struct lb_snapshot_session *s, int argc, char **argv);
int lb_snapshot_export(struct lb_snapshot_session *s, int argc, char **argv);
int lb_snapshot_import(struct lb_snapshot_session *s, int argc, char **argv);
int lb_snapshot_factory_version(struct lb_snapshot_session *s, int argc, char **argv);
int lb_snapshot_savepoint(struct lb_snapshot_session *s, int argc, char **argv);
int lb_snapshot_auto(struct lb_snapshot_session *s, int argc, char **argv);
int lb_snapshot_cleanup(struct lb_snapshot_session *s, int argc, char **argv);

/* Make one, and delete those of a type; for more than one command. Exit codes. */
/* `info` says what is special about it, and is filled with the rest. */
int lb_snapshot_make(struct lb_snapshot_session *s, struct lb_snapshot_info *info, const char *text,
		     uint32_t *number);
/* Says what it did. `changed`: the next boot is into the new root, whatever failed afterwards. */
int lb_snapshot_go_back(struct lb_snapshot_session *s, uint32_t target, enum lb_forget forget,
			bool *changed);
int lb_snapshot_delete_type(struct lb_snapshot_session *s, enum lb_snapshot_type type, bool all);
/* Delete what is more than the owner keeps, or than `keep` of a kind where he says nothing. */
int lb_snapshot_retain(struct lb_snapshot_session *s, unsigned keep);
/* Says that it is deleted, or why not. */
int lb_snapshot_delete_one(struct lb_snapshot_session *s, uint32_t number, bool all);
