/* install/tree_check.h - would lb_tree_unpack() make a tree of this tar, and how much room does
 * that take? Asked while there still is what the tree is to stand in for: whoever unpacks learns
 * the same when it is gone. */
#pragma once

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"

/* More than any system has; some of them may be needed at once in RAM. */
#define LB_TREE_ENTRIES_MAX   (UINT64_C(1) << 20)
#define LB_TREE_DIR_BYTES_MAX (UINT64_C(64) << 20)

struct lb_tree_check {
	int to, from; /* the tar goes through a pipe to a thread of its own */
	pthread_t thread;
	int result;		   /* of the thread */
	char why[LB_SENTENCE_MAX]; /* follows the archive's name in a sentence */
	uint64_t entries;	   /* and the directories that they need */
	uint64_t dir_path_bytes; /* of the entries that are directories: unpacking remembers them */
	uint64_t room_bytes;	 /* of a btrfs with two copies of what is no content, at least */
	/* What there is so far: hashes of paths, with their kind in the lowest bits. */
	uint64_t *names;
	size_t names_used, names_size;
};

/* 0 or LB_E(NOSPC|IO). *c must not move. */
MUST_CHECK int lb_tree_check_begin(struct lb_tree_check *c);

/* The tar, not packed, in pieces of any size. `check` is a struct lb_tree_check. */
void lb_tree_check_feed(void *check, const uint8_t *data, size_t n);

/* Nothing more comes: 0, or LB_E(...) as lb_tree_unpack() would say it, and c->why. */
MUST_CHECK int lb_tree_check_end(struct lb_tree_check *c);
