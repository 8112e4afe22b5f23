/* plat/snapshot.h - the top level of a btrfs: the seam under store/snapshots.h. All return 0 or an
 * LB_E value. Changes reach the disk in the order in which they are made; they last after sync(),
 * and where it is said. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum plat_snapshot_kind {
	PLAT_SNAPSHOT_SUBVOLUME,
	PLAT_SNAPSHOT_FILE,
	PLAT_SNAPSHOT_OTHER, /* a directory, a link: no program of snapshots makes one */
};

typedef void plat_snapshot_entry(void *arg, const char *name, enum plat_snapshot_kind kind);
typedef int plat_snapshot_nested(void *arg, const char *path); /* anything but 0 ends the walk */

struct plat_snapshots {
	void *ctx;
	/* Every entry of the top level, in no order. */
	int (*list)(void *ctx, plat_snapshot_entry *entry, void *arg);
	/* The id of a subvolume, which is higher the later it was made. LB_E(NOENT). */
	int (*id)(void *ctx, const char *name, uint64_t *out);
	/* 1: the running system stands on it; 0: it does not. */
	int (*runs)(void *ctx, const char *name);

	/* 1: a program that is alive fills this subvolume; 0: none does, or it is not there. */
	int (*held)(void *ctx, const char *name);

	int (*make)(void *ctx, const char *name); /* an empty subvolume */
	/* A snapshot. It lasts, and all changes before it. LB_E(EXIST): `to` is there. */
	int (*copy)(void *ctx, const char *from, const char *to, bool read_only);
	/* Both names at once. */
	int (*exchange)(void *ctx, const char *a, const char *b);
	/* LB_E(EXIST): `to` is there. */
	int (*rename)(void *ctx, const char *from, const char *to);
	/* Delete a subvolume. LB_E(STATE): there are others inside, and not `all` is to go.
	 * LB_E(NOENT). */
	int (*drop)(void *ctx, const char *name, bool all);

	/* The uppermost subvolumes inside `name`, by their paths below it. */
	int (*nested)(void *ctx, const char *name, plat_snapshot_nested *found, void *arg);
	/* One of them to the same path inside `to`, also a read-only one. LB_E(NOSPC|IO): try again
	 * later; any other error: it has to stay, for there is something (EXIST), or no directory
	 * above (NOENT), or it is mounted over (BUSY). */
	int (*move)(void *ctx, const char *from, const char *to, const char *path);

	/* A file of the top level: its length, LB_E(NOENT), LB_E(NOSPC) when it is larger. */
	int (*read)(void *ctx, const char *file, void *buf, size_t size);
	/* Make or replace it as a whole: never before its content, and perhaps before changes that
	 * were made earlier. */
	int (*write)(void *ctx, const char *file, const void *buf, size_t n);
	int (*unlink)(void *ctx, const char *file); /* also when it is not there */
	int (*sync)(void *ctx);
};
