/* install/tree.h - unpack a root tree from a tar.gz into an empty directory: a medkit, an exported
 * snapshot.
 *
 * Owners, modes, extended attributes, hard and symbolic links, devices and times are as the archive
 * has them; access control lists are not kept. Names lead nowhere but below the directory: ".." and
 * what lies behind a symbolic link are refused, links made by the archive itself included. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"

struct lb_tree_limits {
	uint64_t max_entries, max_bytes; /* of the content of files; 0 = no limit */
	/* How much of the archive has been read; NULL = nobody wants to know. */
	void (*progress)(void *ctx, uint64_t packed_bytes);
	void *ctx;
};

struct lb_tree_report {
	uint64_t entries, bytes;
	char why[LB_SENTENCE_MAX]; /* after an error: follows the archive's name in a sentence */
};

/* Read `archive_fd` from where it stands to its end. 0 when all of it was there and right: gzip's
 * sums, the end mark of tar, and all of it is in the directory, though not yet on the disk.
 *
 * LB_E(TRUNC|CRC|FORMAT) the archive is damaged, LB_E(AUTH) a name that leads elsewhere,
 * LB_E(RANGE) more than the limits, LB_E(NOSPC) no room, LB_E(UNSUP) something that no tree has, or
 * LB_E(...): something of it is in the directory then. `out` is filled either way. */
MUST_CHECK int lb_tree_unpack(int archive_fd, int dir_fd, const struct lb_tree_limits *limits,
			      struct lb_tree_report *out);
