/* store/snapshots.h - make, find, delete snapshots of the root, and go back to one. Who calls holds
 * the lock of the file system (plat/linux/disk/btrfs.h), and has let lb_snapshots_resume() finish
 * what a cut has left before anything is changed. */
#pragma once

#include "plan/snapshot.h"
#include "plat/snapshot.h"

/* What is there, sorted. LB_E(RANGE): more than LB_SNAPSHOTS_MAX. `set` is large: static storage.
 */
MUST_CHECK int lb_snapshots_load(const struct plat_snapshots *p, struct lb_snapshot_set *set);

/* What is known of one: of type single when the .info says no type. LB_E(NOENT) there is none, or
 * it cannot be read. */
MUST_CHECK int lb_snapshots_info(const struct plat_snapshots *p, uint32_t number,
				 struct lb_snapshot_info *out);

enum lb_snapshots_left {
	LB_SNAPSHOTS_CLEAN,    /* nothing was under way */
	LB_SNAPSHOTS_UNDONE,   /* a rollback or an import was cut before it counted */
	LB_SNAPSHOTS_FINISHED, /* after that */
	LB_SNAPSHOTS_WAITING,  /* the state before is deleted at the next boot */
};

/* Finish or undo what was cut; .info files without a snapshot go. Returns an enum
 * lb_snapshots_left, or LB_E(...). `set` is loaded. */
MUST_CHECK int lb_snapshots_resume(const struct plat_snapshots *p, struct lb_snapshot_set *set);

/* A snapshot of the root. The set has it afterwards. LB_E(NOENT): there is no root. */
MUST_CHECK int lb_snapshots_create(const struct plat_snapshots *p, struct lb_snapshot_set *set,
				   const struct lb_snapshot_info *info, uint32_t *number);

/* It lasts. LB_E(NOENT): there is no such snapshot. */
MUST_CHECK int lb_snapshots_modify(const struct plat_snapshots *p,
				   const struct lb_snapshot_set *set, uint32_t number,
				   const struct lb_snapshot_info *info);

/* LB_E(NOENT); LB_E(STATE): it holds other subvolumes, and not `all` is to go; LB_E(BUSY): the
 * system runs on it. Lasts after a sync. */
MUST_CHECK int lb_snapshots_delete(const struct plat_snapshots *p, struct lb_snapshot_set *set,
				   uint32_t number, bool all);

struct lb_rollback_ask {
	uint32_t target;     /* a number or LB_SNAPSHOT_FACTORY */
	const char *created; /* the time now, as an .info has it */
	enum lb_forget forget;
	/* Called with the new root before it becomes one; its result is heeded. NULL = nobody. */
	int (*prepare)(void *ctx, const char *name);
	void *ctx;
};

struct lb_rollback_report {
	bool changed;	      /* "@" is the new root, whatever failed afterwards */
	uint32_t saved;	      /* the state before is this snapshot; 0 = it is not kept */
	bool later;	      /* it is deleted at the next boot */
	unsigned moved, left; /* subvolumes inside: moved along, left in the state before */
};

/* 0, LB_E(NOENT) there is no such snapshot, LB_E(STATE) the state before the last rollback still
 * waits for the next boot, or what failed. `report` is filled either way. */
MUST_CHECK int lb_snapshots_rollback(const struct plat_snapshots *p, struct lb_snapshot_set *set,
				     const struct lb_rollback_ask *ask,
				     struct lb_rollback_report *report);

/* Fills an empty subvolume of that name. It may let the lock go meanwhile, if it sees to it that
 * the subvolume is held, and has the lock again and `set` loaded anew when it returns, whatever it
 * returns. */
typedef int lb_snapshots_fill(void *ctx, const char *name);

/* A new snapshot with that content; LB_E(EXIST): another import is under way, or the name of
 * what it fills is taken; LB_E(RANGE): there is no number for it. `info` NULL: it becomes the
 * factory state in place of the one that is there, which stays until the new one is complete, and
 * if it cannot be deleted then, until lb_snapshots_resume(). */
MUST_CHECK int lb_snapshots_import(const struct plat_snapshots *p, struct lb_snapshot_set *set,
				   const struct lb_snapshot_info *info, lb_snapshots_fill *fill,
				   void *ctx, uint32_t *number);
