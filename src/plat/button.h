/* plat/button.h - a button as the kernel knows it. */
#pragma once

#include <stdint.h>

#include "tables/limits.h"
#include "tables/tables.h"

/* What a press of a button of the running system leads to. */
struct lb_deed {
	enum lb_action action;
	char command[LB_COMMAND_MAX]; /* of LB_ACTION_RUN, for /bin/sh; else "" */
};

struct lb_button {
	char name[LB_NAME_MAX];
	char input[LB_NAME_MAX]; /* name of the input device (EVIOCGNAME); "" = any that has the key
				  */
	uint16_t code;		 /* EV_KEY code of linux/input-event-codes.h */
	/* How long it is held, and what that means: panel/hold.h. */
	struct lb_deed short_press, long_press;
	unsigned short_ms, long_ms, cancel_ms;
};
