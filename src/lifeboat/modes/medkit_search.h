/* lifeboat/modes/medkit_search.h - medkits on the sticks and cards of this machine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/board.h"
#include "tables/limits.h"

#define LB_MEDKITS_MAX	   16
#define LB_MEDKIT_NAME_MAX 256 /* NAME_MAX of Linux, and the NUL */

struct lb_medkit_place {
	char node[LB_PATH_MAX]; /* of the file system: "/dev/sda1" */
	char fs[16];
	char name[LB_MEDKIT_NAME_MAX];
	bool in_root; /* not in the top folder, but in that of the running system */
	bool on_card; /* the partition that is going to be written, or on a card that has no such
			 one yet: while it is mounted nothing can be */
};

struct lb_medkit_search {
	const struct lb_board *board;
	const char *root;	/* where it lies: the partition that is going to be written */
	char card[LB_PATH_MAX]; /* that partition; "" = not there */
	size_t count;
	struct lb_medkit_place found[LB_MEDKITS_MAX];
	char other[LB_MEDKIT_NAME_MAX]; /* a medkit of another board; "" = none was seen */
};

/* Look, once, at all that is plugged in now: disks without a partition table, and partitions, with
 * ext4, btrfs, FAT32 or exFAT. What is not mounted by anybody is mounted for a moment, for reading
 * only. Sticks stand before cards: a card may be the one that is going to be written. */
void lb_medkit_look(struct lb_medkit_search *s);

/* Mount the file system of a medkit for reading: the folder that it lies in goes to `folder`. One
 * at a time. 0 or LB_E(...); end with lb_medkit_leave(). */
MUST_CHECK int lb_medkit_enter(const struct lb_medkit_search *s,
			       const struct lb_medkit_place *place, char folder[LB_PATH_MAX]);
void lb_medkit_leave(void);

/* Copy a medkit and the files beside it from that folder into RAM, and leave the file system; the
 * folder in RAM goes to `folder`. 0, LB_E(NOSPC) it does not fit (then *room_bytes says how much
 * there was), LB_E(...). */
MUST_CHECK int lb_medkit_to_ram(const struct lb_medkit_place *place, char folder[LB_PATH_MAX],
				uint64_t *size_bytes, uint64_t *room_bytes);
