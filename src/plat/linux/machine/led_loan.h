/* plat/linux/machine/led_loan.h - LEDs of the running system, borrowed for a moment. */
#pragma once

#include "plat/linux/machine/led.h"

/* What the LED of a role did before: the words of its sysfs attributes, "" = it has none. */
struct lb_led_loan {
	struct {
		char trigger[32], brightness[12], delay_on[12], delay_off[12];
	} was[LB_ROLE_COUNT];
};

/* Take over the LED of each role, dark, and note what it did. A role without a name, and a second
 * role of the same LED, have none; the role FAILSAFE then shares the LED of RUNNING, or of BOOT. */
void lb_leds_borrow(struct lb_leds *leds, struct lb_led_loan *loan,
		    const char names[LB_ROLE_COUNT][LB_NAME_MAX]);

/* Give back what was borrowed, as it was. */
void lb_leds_return(struct lb_leds *leds, const struct lb_led_loan *loan);
