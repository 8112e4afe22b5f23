/* lifeboat/disk_wait.h - a disk that comes later than the program: cards and USB disks take seconds
 * after their driver is loaded. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tables/limits.h"

#define LB_DISK_WAIT_MS 10000 /* a USB disk needs 2 to 5 s */

struct lb_disk_wait {
	uint64_t until_ms; /* of lb_monotonic_ms() */
};

struct lb_disk_wait lb_disk_wait_begin(unsigned wait_ms);

/* Is it worth to look once more? Then a moment has passed. */
bool lb_disk_wait_goes_on(const struct lb_disk_wait *w);

/* Is what lb_blockdev_find() makes of `place` there? Then its node is in `node`. */
bool lb_disk_is_there(const char *place, char node[LB_PATH_MAX]);
