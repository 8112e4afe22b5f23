/* install/source.h - where the bytes of an image come from, and whether they can be had twice. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "install/hash.h"

struct lb_source {
	int fd;	       /* the caller's */
	int spool_fd;  /* what was read from it before; -1 = nothing */
	bool again;    /* all of it can be read once more */
	int64_t start; /* of `fd` */
	uint64_t spooled_bytes;
	uint64_t total_bytes; /* 0 = not known */
	uint64_t at_bytes;
};

#define LB_SOURCE_CLOSED                 \
	{                                \
		.fd = -1, .spool_fd = -1 \
	}

/* Read from `fd`, from where it stands. A file can be read twice; of anything else the first
 * spool_max bytes are taken into memory, and when that was all, it can be as well; 0 = half of the
 * free memory. 0, or LB_E(IO|NOSPC). Release with lb_source_closep(). */
MUST_CHECK int lb_source_open(struct lb_source *s, int fd, uint64_t spool_max);

/* A descriptor that gives all bytes from its position on: only of what can be read again. */
MUST_CHECK int lb_source_descriptor(struct lb_source *s);

/* Back to the start: LB_E(STATE) when there is no way back and bytes of `fd` itself were read. */
MUST_CHECK int lb_source_rewind(struct lb_source *s);

/* n bytes, or fewer at the end only; LB_E(IO). */
MUST_CHECK ssize_t lb_source_read(struct lb_source *s, void *buf, size_t n);

/* The hash of all bytes, which are read once more. 0, or LB_E(IO|STATE). */
MUST_CHECK int lb_source_hash(struct lb_source *s, uint8_t out[LB_SHA256_SIZE]);

/* Does what can be read from `fd`, from its start, begin as a sysupgrade archive does, which may
 * bring a kernel beside its root? False too where nobody can look without taking. */
bool lb_source_is_archive(int fd);

void lb_source_closep(struct lb_source *s);
