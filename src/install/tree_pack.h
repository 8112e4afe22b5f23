/* install/tree_pack.h - a root tree as a tar.gz: what lb_tree_unpack() and tar(1) make the same
 * tree of.
 *
 * Owners by number, modes, times, extended attributes and access control lists, hard and symbolic
 * links, devices and pipes; names and sizes of any length. Where ustar has no room for something,
 * pax says it. Sockets are left out, and so is what is mounted inside, subvolumes of btrfs
 * included: their directories stay, empty. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"

struct lb_tree_pack;

struct lb_tree_pack_ask {
	/* Is this one left out, and all below it? "./etc/hostname"; NULL = nothing is. */
	bool (*skip)(void *ctx, const char *path);
	void *ctx;
	/* A directory that is added next, NULL = none: what is a directory in one of the two and
	 * something else in the other is left out here, for no archive may hold both. */
	const int *on_top;
};

struct lb_tree_pack_report {
	uint64_t entries, bytes;   /* of the content of files */
	char why[LB_SENTENCE_MAX]; /* after an error: one sentence */
};

/* The archive goes to `fd`, which has to outlive it. LB_E(NOSPC): no memory. */
MUST_CHECK int lb_tree_pack_begin(struct lb_tree_pack **out, int fd,
				  struct lb_tree_pack_report *report);
/* All of a directory. More than one may be added: what comes later goes on top of what is there.
 * LB_E(...) that it cannot be read or written, LB_E(STATE) that it was changed meanwhile: the
 * archive is worth nothing then. */
MUST_CHECK int lb_tree_pack_add(struct lb_tree_pack *p, int dir_fd,
				const struct lb_tree_pack_ask *ask);
/* What was held back is written too; it is the caller's to have it last. */
MUST_CHECK int lb_tree_pack_end(struct lb_tree_pack *p);
/* Without an end before, what has been written passes for no whole archive. */
void lb_tree_pack_closep(struct lb_tree_pack **p);
