#include "plat/linux/machine/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/clock.h"
#include "plat/linux/machine/watchdog.h"

#define LOOK_MS	      100
#define FIFO_MS	      20 /* 128 bytes at 115200 baud and more: what a UART holds besides the queue */
#define CONSOLE_FLAGS (O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static void open_one(struct lb_consoles *c, const char *name)
{
	char path[LB_PATH_MAX];

	if (c->count == LB_CONSOLES_MAX)
		return;
	(void)snprintf(path, sizeof(path), "/dev/%s", name);
	c->fds[c->count] = open(path, CONSOLE_FLAGS);
	if (c->fds[c->count] < 0)
		return;
	(void)snprintf(c->names[c->count], sizeof(c->names[0]), "%s", name);
	c->count++;
}

void lb_stdio_open(void)
{
	for (int i = 0; i < 3; i++) {
		/* The lowest free descriptor is i: those below are open. */
		if (fcntl(i, F_GETFD) < 0 && open("/dev/console", O_RDWR | O_NOCTTY) < 0 &&
		    open("/dev/null", O_RDWR) < 0)
			return;
	}
}

void lb_consoles_open(struct lb_consoles *c)
{
	char active[LB_PATH_MAX] = "";
	char *rest = active;
	char *name;

	*c = (struct lb_consoles){.kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC), .watchdog = -1};
	if (lb_file_read("/sys/class/tty/console/active", active, sizeof(active)) < 0)
		active[0] = '\0';
	while ((name = strsep(&rest, " \n")))
		if (name[0])
			open_one(c, name);
	if (c->count == 0)
		open_one(c, "console");
}

void lb_consoles_close(struct lb_consoles *c)
{
	for (size_t i = 0; i < c->count; i++)
		(void)close(c->fds[i]);
	c->count = 0;
	if (c->kmsg >= 0)
		(void)close(c->kmsg);
	c->kmsg = -1;
}

/* The end of a shell that had the console for its terminal hangs up every descriptor of it, ours
 * too: a new one takes the number of the old. */
static bool reopened(const struct lb_consoles *c, size_t i)
{
	char path[LB_PATH_MAX];

	(void)snprintf(path, sizeof(path), "/dev/%s", c->names[i]);
	CLEANUP(lb_fd_closep) int fd = open(path, CONSOLE_FLAGS);
	return fd >= 0 && dup3(fd, c->fds[i], O_CLOEXEC) >= 0;
}

static uint64_t left_ms(uint64_t until_ms)
{
	const uint64_t now_ms = lb_monotonic_ms();

	return until_ms > now_ms ? until_ms - now_ms : 0;
}

static bool wait_for_room(const struct lb_consoles *c, int fd)
{
	const uint64_t left = left_ms(c->patient_ms);
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	if (left == 0)
		return false;
	lb_watchdog_kick(c->watchdog);
	(void)poll(&room, 1, (int)(left < LOOK_MS ? left : LOOK_MS));
	return true;
}

static void put(const struct lb_consoles *c, size_t i, const char *line, size_t n)
{
	bool again = false;

	while (n > 0) {
		const ssize_t done = write(c->fds[i], line, n);

		if (done > 0) {
			line += done;
			n -= (size_t)done;
		} else if (done < 0 && errno == EIO && !again && reopened(c, i)) {
			again = true;
		} else if (errno != EAGAIN || !wait_for_room(c, c->fds[i])) {
			return; /* nobody to tell that a console does not listen */
		}
	}
}

void lb_consoles_say(const struct lb_consoles *c, const char *text)
{
	char line[2 * LB_SENTENCE_MAX];
	int n = snprintf(line, sizeof(line), "%s\n", text);

	if (n >= (int)sizeof(line))
		n = (int)sizeof(line) - 1;
	for (size_t i = 0; i < c->count; i++)
		put(c, i, line, (size_t)n);
}

void lb_consoles_be_patient(struct lb_consoles *c, unsigned wait_ms, int watchdog)
{
	c->patient_ms = lb_monotonic_ms() + wait_ms;
	c->watchdog = watchdog;
}

static bool has_gone_out(const struct lb_consoles *c)
{
	for (size_t i = 0; i < c->count; i++) {
		int bytes = 0;

		if (ioctl(c->fds[i], TIOCOUTQ, &bytes) == 0 && bytes > 0)
			return false;
	}
	return true;
}

void lb_consoles_drain(const struct lb_consoles *c, unsigned wait_ms, int watchdog)
{
	const uint64_t until_ms = lb_monotonic_ms() + wait_ms;
	const struct timespec fifo = {.tv_nsec = FIFO_MS * 1000000l};

	do {
		lb_watchdog_kick(watchdog);
		(void)nanosleep(&fifo, NULL); /* once more, when the queue is empty */
	} while (!has_gone_out(c) && left_ms(until_ms) > 0);
}

int lb_console_read_line(int fd, char out[LB_LINE_MAX])
{
	struct pollfd state = {.fd = fd, .events = POLLIN};
	char buf[LB_LINE_MAX];
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : LB_E(IO);
	if (n == 0) /* Ctrl-D, or a terminal that has hung up */
		return poll(&state, 1, 0) == 1 && state.revents & (POLLHUP | POLLERR) ? LB_E(IO)
										      : 0;
	buf[n] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	memcpy(out, buf, sizeof(buf));
	return 1;
}

void lb_consoles_log(void *consoles, enum lb_log_level level, const char *text)
{
	const struct lb_consoles *c = consoles;
	char line[2 * LB_SENTENCE_MAX];
	int n = snprintf(line, sizeof(line), "<6>lifeboat: %s\n", text);

	if (c->kmsg >= 0 &&
	    write(c->kmsg, line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1) < 0)
		return; /* the log itself is broken */
	if (level > LB_LOG_WARN)
		return;
	(void)snprintf(line, sizeof(line), "lifeboat: %s", text);
	lb_consoles_say(c, line);
}
