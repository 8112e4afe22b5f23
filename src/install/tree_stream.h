/* install/tree_stream.h - a gzip file on one side, the tar in it on the other: unpacked and proven
 * in a thread of its own. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "image/tar.h"
#include "install/unpack.h"

struct lb_tree_stream {
	int from, to;		       /* the archive, the caller's; the pipe */
	int out;		       /* read the tar from here */
	_Atomic uint64_t packed_bytes; /* read so far */
	pthread_t thread;
	bool given_up;	    /* nobody reads any more */
	int error;	    /* reading failed */
	uint64_t behind_at; /* something that is no padding follows the tar; UINT64_MAX = no */
	uint64_t tar_bytes;
	struct lb_unpack unpack;
	struct lb_tar walk;
	uint8_t in[65536];
};

/* 0, or LB_E(NOSPC|IO). *s must not move. */
MUST_CHECK int lb_tree_stream_begin(struct lb_tree_stream *s, int archive_fd);

/* Nobody reads any more. `all`: the tar was read to its end mark, and what is behind it has to be
 * right as well. 0, or LB_E(TRUNC|CRC|FORMAT|NOSPC|IO) what was read of the archive is not right.
 */
MUST_CHECK int lb_tree_stream_end(struct lb_tree_stream *s, bool all);
