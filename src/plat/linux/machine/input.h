/* plat/linux/machine/input.h - buttons through evdev. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plat/button.h"

#define LB_INPUTS_MAX 16 /* event devices looked at; a router has 1 to 3 */

struct lb_inputs {
	int fds[LB_INPUTS_MAX];
	size_t count;
	/* For each button: which fd has it, or -1 when this machine does not. */
	int owner[LB_BUTTONS_MAX];
	uint16_t codes[LB_BUTTONS_MAX];
	size_t button_count;
};

/* Open every event device that has one of the buttons (at most LB_BUTTONS_MAX); the kernel queues
 * events from here on. A button that no device has gets owner -1. Fails never: a board without
 * buttons works through serial and network. */
void lb_inputs_open(struct lb_inputs *in, const struct lb_button *buttons, size_t count);
void lb_inputs_close(struct lb_inputs *in);

/* Bit i: button i is down right now. A key that was down when its device was opened never sends an
 * event. */
unsigned lb_inputs_held(const struct lb_inputs *in);

/* The next button event of a device. 1 and the outputs, 0 when there is none left, LB_E(IO) when
 * the device is gone. at_ms is CLOCK_MONOTONIC. */
MUST_CHECK int lb_inputs_read(const struct lb_inputs *in, int fd, unsigned *button, bool *down,
			      uint64_t *at_ms);
