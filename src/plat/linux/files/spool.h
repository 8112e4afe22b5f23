/* plat/linux/files/spool.h - what comes from a pipe is kept in RAM, so that it can be read twice.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct lb_spool {
	int fd;		     /* a file in RAM with all that has come; -1 = it was too much */
	uint64_t size_bytes; /* of what has come */
	uint64_t room_bytes; /* more than this is given up, and the RAM is free again */
};

/* Half of the RAM that is free now: the rest is for whoever unpacks and writes. 0 = not known. */
uint64_t lb_spool_room(void);

/* 0 with an empty file, or LB_E(IO); then fd is -1, and the rest of the calls do nothing. */
MUST_CHECK int lb_spool_begin(struct lb_spool *s, uint64_t room_bytes);
void lb_spool_feed(struct lb_spool *s, const void *data, size_t n);

/* For CLEANUP. */
void lb_spool_closep(struct lb_spool *s);
