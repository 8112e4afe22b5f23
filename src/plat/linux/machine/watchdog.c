#include "plat/linux/machine/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"

static int ours = -1;

int lb_watchdog_open(const char *path, unsigned timeout_s)
{
	int seconds = (int)timeout_s;
	int fd;

	if (!path[0])
		return -1;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		log_warn("the watchdog %s cannot be opened (%s): going on without it", path,
			 strerror(errno));
		return -1;
	}
	if (ioctl(fd, WDIOC_SETTIMEOUT, &seconds) < 0)
		log_warn("the watchdog does not take a timeout of %u s: its own stays", timeout_s);
	lb_watchdog_kick(fd);
	ours = fd;
	return fd;
}

int lb_watchdog_adopt(const char *path, unsigned timeout_s)
{
	const char *number = getenv("WDTFD");
	char *end = NULL;
	long fd = number ? strtol(number, &end, 10) : -1;
	int seconds = (int)timeout_s;

	/* Somebody may have closed it and opened something else: only a watchdog answers this. */
	if (fd < 0 || fd > INT_MAX || *end || ioctl((int)fd, WDIOC_SETTIMEOUT, &seconds) < 0)
		return lb_watchdog_open(path, timeout_s);
	(void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	lb_watchdog_kick((int)fd);
	ours = (int)fd;
	return (int)fd;
}

void lb_watchdog_leave(void)
{
	const int null = ours < 0 ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (ours < 0)
		return;
	if (null < 0 || dup3(null, ours, O_CLOEXEC) < 0)
		(void)close(ours);
	if (null >= 0)
		(void)close(null);
	ours = -1;
}

void lb_watchdog_kick(int fd)
{
	if (fd >= 0 && write(fd, "k", 1) < 0)
		log_debug("the watchdog does not take a kick: %s", strerror(errno));
}

unsigned lb_watchdog_period_ms(int fd)
{
	int seconds;

	if (fd < 0 || ioctl(fd, WDIOC_GETTIMEOUT, &seconds) < 0 || seconds <= 0 ||
	    seconds > LB_WATCHDOG_KICK_MS * 3 / 1000)
		return LB_WATCHDOG_KICK_MS;
	return (unsigned)seconds * 1000 / 3;
}

int lb_watchdog_hand_over(int fd, bool keep)
{
	char number[16];

	if (fd < 0)
		return -1;
	lb_watchdog_kick(fd);
	ours = -1;
	if (!keep) {
		/* "V" before close is the kernel's magic close (watchdog-api.rst). */
		if (write(fd, "V", 1) < 0)
			log_warn("the watchdog cannot be disarmed: %s", strerror(errno));
		(void)close(fd);
		return -1;
	}
	(void)snprintf(number, sizeof(number), "%d", fd);
	if (fcntl(fd, F_SETFD, 0) < 0 || setenv("WDTFD", number, 1) < 0)
		log_warn("the watchdog cannot be passed on: %s", strerror(errno));
	return fd;
}
