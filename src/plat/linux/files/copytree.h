/* plat/linux/files/copytree.h - the upper directory of an overlay, copied while the system goes on
 * changing it.
 *
 * A copy remembers what it has seen of each entry. The first pass copies all, each further one what
 * has changed since, deletions included: passes are run until one finds nothing. Whiteouts, opaque
 * directories, extended attributes, owners, modes, times, hard links, symbolic links, devices and
 * fifos are copied; sockets are not, their programs make them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct lb_copynode;

struct lb_copytree {
	int from, to; /* the directories; -1 = closed */
	bool merged;
	/* Asked before each entry and each 64 KiB of a file: 0 = go on, LB_E(...) ends the pass
	 * with that. NULL = go on. */
	int (*go_on)(void *ctx);
	void *ctx;
	struct lb_copynode *top; /* what was seen; owned */
	unsigned pass;
	uint64_t changes; /* entries made, replaced or deleted in this pass */
};

#define LB_COPYTREE_CLOSED            \
	{                             \
		.from = -1, .to = -1, \
	}

/* Both directories must exist; `to` is empty. Takes nothing over; lb_copytree_closep() releases. */
MUST_CHECK int lb_copytree_open(struct lb_copytree *c, const char *from, const char *to);
void lb_copytree_closep(struct lb_copytree *c);

/* From the next pass on the target is a mounted overlay whose upper directory holds what has been
 * copied: it is changed as programs do it, for nobody may change the upper directory below it. A
 * whiteout becomes a deletion. */
MUST_CHECK int lb_copytree_into_overlay(struct lb_copytree *c, const char *root);

/* One pass: 0, or the first error: LB_E(NOSPC) no room, LB_E(RANGE) too deep, LB_E(UNSUP) the
 * target cannot hold what an overlay needs. c->changes tells what was done either way. */
MUST_CHECK int lb_copytree_pass(struct lb_copytree *c);
