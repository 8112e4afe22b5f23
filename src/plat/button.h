/* plat/button.h - a button as the kernel knows it. */
#pragma once

#include <stdint.h>

#include "tables/limits.h"

struct lb_button {
	char name[LB_NAME_MAX];
	char input[LB_NAME_MAX]; /* name of the input device (EVIOCGNAME); "" = any that has the key
				  */
	uint16_t code;		 /* EV_KEY code of linux/input-event-codes.h */
};
