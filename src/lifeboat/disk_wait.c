#include "lifeboat/disk_wait.h"

#include <time.h>
#include <unistd.h>

#include "plat/linux/disk/blockdev.h"
#include "plat/linux/machine/machine.h"

#define LOOK_EVERY_MS 20

struct lb_disk_wait lb_disk_wait_begin(unsigned wait_ms)
{
	return (struct lb_disk_wait){lb_monotonic_ms() + wait_ms};
}

bool lb_disk_wait_goes_on(const struct lb_disk_wait *w)
{
	const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000l};

	if (lb_monotonic_ms() >= w->until_ms)
		return false;
	(void)nanosleep(&pause, NULL);
	return true;
}

bool lb_disk_is_there(const char *place, char node[LB_PATH_MAX])
{
	return lb_blockdev_find(place, node, &lb_blockdev_roots) == 0 && access(node, F_OK) == 0;
}
