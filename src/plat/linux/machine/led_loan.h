/* plat/linux/machine/led_loan.h - LEDs of the running system, borrowed for a moment. */
#pragma once

#include <stddef.h>

#include "plat/linux/machine/led.h"

/* What an LED did before: the words of its sysfs attributes, "" = it has none. */
struct lb_led_was {
	char trigger[32], brightness[12], delay_on[12], delay_off[12];
};

struct lb_led_loan {
	struct lb_led_was was[LB_ROLE_COUNT];
};

/* Take over the LED of each role, dark, and note what it did. A role without a name, and a second
 * role of the same LED, have none; the role FAILSAFE then shares the LED of RUNNING, or of BOOT. */
void lb_leds_borrow(struct lb_leds *leds, struct lb_led_loan *loan,
		    const char names[LB_ROLE_COUNT][LB_NAME_MAX]);

/* Give back what was borrowed, as it was. */
void lb_leds_return(struct lb_leds *leds, const struct lb_led_loan *loan);

/* LEDs that blink together for a while (led.held of the board file), such as those of the Ethernet
 * ports. Zeroed = none. */
struct lb_held_leds {
	size_t count;
	struct {
		const char *name;
		int brightness; /* fd, -1: this machine does not have it, or it does not open */
		struct lb_led_was was;
	} led[LB_HELD_LEDS_MAX];
};

/* Take them over, dark, and note what they did. `names` must outlive the loan. */
void lb_held_leds_borrow(struct lb_held_leds *h, const char (*names)[LB_NAME_MAX], size_t count);
void lb_held_leds_set(const struct lb_held_leds *h, bool on);
/* Give back what was borrowed, as it was; none are left. */
void lb_held_leds_return(struct lb_held_leds *h);
