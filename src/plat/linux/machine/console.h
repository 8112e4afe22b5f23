/* plat/linux/machine/console.h - every console that the kernel talks to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "tables/limits.h"

#define LB_CONSOLES_MAX 4 /* console= words on one command line; more than two are rare */

struct lb_consoles {
	int fds[LB_CONSOLES_MAX];
	char names[LB_CONSOLES_MAX][LB_NAME_MAX]; /* device below /dev */
	size_t count;
	int kmsg;	     /* the kernel's log, -1 = not there */
	uint64_t patient_ms; /* until then what is said waits for them; 0 = it never does */
	int watchdog;	     /* that is fed meanwhile */
};

/* See that descriptors 0 to 2 are open, if need be on /dev/null: the kernel leaves them closed when
 * the initramfs has no /dev/console, and the next three files that we open would take their place.
 */
void lb_stdio_open(void);

/* Open the consoles of /sys/class/tty/console/active; /dev/console when that names none. Fails
 * never. */
void lb_consoles_open(struct lb_consoles *c);
void lb_consoles_close(struct lb_consoles *c);

/* Write one line to all of them. A console that blocks (flow control, nobody connected) loses it,
 * or a part of it. */
void lb_consoles_say(const struct lb_consoles *c, const char *text);

/* What is said from now on waits for a console that is full, but all in all no longer than wait_ms:
 * for what must not be lost, the last words before a reboot. `watchdog` is fed meanwhile, -1 =
 * none. */
void lb_consoles_be_patient(struct lb_consoles *c, unsigned wait_ms, int watchdog);

/* Wait until all of it has gone out, no longer than wait_ms. */
void lb_consoles_drain(const struct lb_consoles *c, unsigned wait_ms, int watchdog);

/* A line typed on a console, without its line end: 1; 0 = nothing there; LB_E(IO) = the console is
 * gone. */
MUST_CHECK int lb_console_read_line(int fd, char out[LB_LINE_MAX]);

/* For lb_log_set_sink: everything goes to the kernel's log, errors and warnings are said on the
 * consoles too. */
void lb_consoles_log(void *consoles, enum lb_log_level level, const char *text);
