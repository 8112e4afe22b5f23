/* plat/fake/snapshot.h - the top level of a btrfs in memory.
 *
 * As there, changes reach the disk in order: a cut leaves the first few of those that came since
 * the last sync; a snapshot commits all before it; a file that was written comes in its turn, or
 * lasts by itself, whatever becomes of earlier changes to other names. What an import fills in
 * lasts after a sync() only, for the content of files comes later than their names. These abort
 * with a message: renaming or deleting "@", copying or exchanging what is not there, deleting what
 * the system runs on.
 */
#pragma once

#include <stdbool.h>

#include "plat/fake/power.h"
#include "plat/snapshot.h"

#define LB_FAKE_SUBVOLUMES 12
#define LB_FAKE_NESTED	   3

struct lb_fake_subvolume {
	char name[24]; /* "" = free */
	uint64_t id;   /* 0: a directory, and no subvolume */
	char content[24];
	bool unwritten;			 /* the content of its files waits in memory */
	char nested[LB_FAKE_NESTED][24]; /* paths of subvolumes inside, "" = free */
};

struct lb_fake_info {
	char name[32]; /* "" = free */
	char text[192];
};

struct lb_fake_top {
	struct lb_fake_subvolume subvolumes[LB_FAKE_SUBVOLUMES];
	struct lb_fake_info files[LB_FAKE_SUBVOLUMES];
	uint64_t last_id;
};

#define LB_FAKE_TOP_CHANGES 64

struct lb_fake_snapshots {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	bool writes_last; /* a file that is written does not wait for its turn */
	char held[24]; /* a subvolume that another program fills, until the next start; "" = none */
	uint64_t running; /* id of the subvolume that the system runs on, 0 = none of these */
	struct lb_fake_top seen, stored;
	struct lb_fake_top
		after[LB_FAKE_TOP_CHANGES]; /* what is stored if the cut lets this many through */
	size_t changes;
};

void lb_fake_snapshots_init(struct lb_fake_snapshots *f, struct lb_fake_power *power);
struct plat_snapshots lb_fake_snapshots_plat(struct lb_fake_snapshots *f);

/* The power is on again: what is on the disk is what is seen. */
void lb_fake_snapshots_reboot(struct lb_fake_snapshots *f);

/* Put a subvolume or a file there, on the disk, past everything. */
struct lb_fake_subvolume *lb_fake_snapshots_poke(struct lb_fake_snapshots *f, const char *name,
						 const char *content);
void lb_fake_snapshots_poke_file(struct lb_fake_snapshots *f, const char *name, const char *text);

/* NULL when it is not there. */
const struct lb_fake_subvolume *lb_fake_top_find(const struct lb_fake_top *t, const char *name);
const struct lb_fake_info *lb_fake_top_file(const struct lb_fake_top *t, const char *name);

/* For an import: fills an empty subvolume, as several operations. */
int lb_fake_snapshots_fill(void *f, const char *name);
#define LB_FAKE_FILLED "imported"

/* As a hook does: makes a subvolume inside one, as one operation. */
int lb_fake_snapshots_nest(void *f, const char *name, const char *path);
