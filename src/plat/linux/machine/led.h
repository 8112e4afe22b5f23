/* plat/linux/machine/led.h - LEDs through sysfs. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "tables/limits.h"
#include "tables/tables.h"

struct lb_leds {
	int brightness[LB_ROLE_COUNT]; /* fd, -1: this role has no LED here */
	char names[LB_ROLE_COUNT][LB_NAME_MAX];
};

/* Take over the LED of each role ("" = none): triggers off, dark but for the one of the role `lit`
 * (LB_ROLE_COUNT = none). If that was lit, and by no trigger, it never goes dark. A missing LED is
 * said once (warning) and then dark. */
void lb_leds_open(struct lb_leds *leds, const char names[LB_ROLE_COUNT][LB_NAME_MAX],
		  enum lb_led_role lit);
void lb_leds_close(struct lb_leds *leds);
void lb_leds_set(const struct lb_leds *leds, enum lb_led_role role, bool on);

/* The same for one LED: its brightness file, -1 = it has none, and its name for the log. */
void lb_led_write(int fd, const char *name, bool on);

/* Leave a pattern to the kernel, which goes on after us. Steady where the kernel has no timer
 * trigger. */
void lb_leds_leave(const struct lb_leds *leds, enum lb_led_role role, enum lb_led pattern);
