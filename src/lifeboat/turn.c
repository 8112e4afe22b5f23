#include "lifeboat/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/status_file.h"
#include "plat/linux/machine/machine.h"

#define TURN_FILE    LB_RUN_DIR "/mount_root.lock"
#define TURN_WAIT_MS (600 * 1000) /* a check of a large overlay takes minutes */

/* Two at once would mount the owner's file system twice, or check it while it is mounted: either
 * destroys it. The descriptor stays open until this process and its mkfs or fsck, should that live
 * longer, have ended. */
int lb_turn_take(void)
{
	static bool taken;
	const struct timespec pause = {.tv_nsec = 100 * 1000000};
	uint64_t until_ms = lb_monotonic_ms() + TURN_WAIT_MS;
	int fd;

	if (taken)
		return 0;
	fd = open(TURN_FILE, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0) {
		log_debug("%s cannot be made: %s", TURN_FILE, strerror(errno));
		return 0;
	}
	taken = flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (taken)
		return 0;
	log_warn("another mount_root is at work: waiting for it to end");
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (lb_monotonic_ms() > until_ms) {
			(void)close(fd);
			return LB_E(BUSY);
		}
		(void)nanosleep(&pause, NULL);
	}
	taken = true;
	return 0;
}
