#include "plat/linux/machine/input.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define WORD_BITS (8 * sizeof(unsigned long))
#define KEY_WORDS (KEY_CNT / WORD_BITS + 1)

static bool has_bit(const unsigned long *bits, unsigned bit)
{
	return bits[bit / WORD_BITS] >> (bit % WORD_BITS) & 1;
}

/* Give this device the buttons that it has and no earlier device had. */
static bool claim_buttons(struct lb_inputs *in, int fd, const struct lb_button *buttons)
{
	unsigned long keys[KEY_WORDS] = {0};
	char name[LB_NAME_MAX] = "";
	bool claimed = false;

	if (ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) < 0 ||
	    ioctl(fd, EVIOCGNAME(sizeof(name) - 1), name) < 0)
		return false;
	for (size_t i = 0; i < in->button_count; i++) {
		const struct lb_button *b = &buttons[i];

		if (in->owner[i] >= 0 || !has_bit(keys, b->code) ||
		    (b->input[0] && strcmp(b->input, name) != 0))
			continue;
		in->owner[i] = fd;
		claimed = true;
	}
	return claimed;
}

void lb_inputs_open(struct lb_inputs *in, const struct lb_button *buttons, size_t count)
{
	*in = (struct lb_inputs){.button_count = count};
	for (size_t i = 0; i < count; i++) {
		in->owner[i] = -1;
		in->codes[i] = buttons[i].code;
	}
	for (unsigned n = 0; n < LB_INPUTS_MAX && count > 0; n++) {
		int monotonic = CLOCK_MONOTONIC;
		char path[32];

		(void)snprintf(path, sizeof(path), "/dev/input/event%u", n);
		CLEANUP(lb_fd_closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && ioctl(fd, EVIOCSCLOCKID, &monotonic) == 0 &&
		    claim_buttons(in, fd, buttons))
			in->fds[in->count++] = lb_fd_take(&fd);
	}
}

void lb_inputs_close(struct lb_inputs *in)
{
	for (size_t i = 0; i < in->count; i++)
		(void)close(in->fds[i]);
	*in = (struct lb_inputs){0};
}

unsigned lb_inputs_held(const struct lb_inputs *in)
{
	unsigned held = 0;

	for (size_t i = 0; i < in->button_count; i++) {
		unsigned long keys[KEY_WORDS] = {0};

		if (in->owner[i] >= 0 && ioctl(in->owner[i], EVIOCGKEY(sizeof(keys)), keys) >= 0 &&
		    has_bit(keys, in->codes[i]))
			held |= 1u << i;
	}
	return held;
}

int lb_inputs_read(const struct lb_inputs *in, int fd, unsigned *button, bool *down,
		   uint64_t *at_ms)
{
	struct input_event e;
	ssize_t n;

	while ((n = read(fd, &e, sizeof(e))) == (ssize_t)sizeof(e)) {
		if (e.type != EV_KEY || e.value == 2) /* 2: key repeat */
			continue;
		for (unsigned i = 0; i < in->button_count; i++) {
			if (in->owner[i] != fd || in->codes[i] != e.code)
				continue;
			*button = i;
			*down = e.value != 0;
			*at_ms = (uint64_t)e.input_event_sec * 1000 +
				 (uint64_t)e.input_event_usec / 1000;
			return 1;
		}
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : LB_E(IO);
}
