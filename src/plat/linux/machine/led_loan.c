#include "plat/linux/machine/led_loan.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "plat/linux/files/files.h"

#define TRIGGERS_MAX                                                                 \
	4096 /* sysfs gives one page; kernels with a trigger per CPU fill some of it \
	      */

static void attribute_path(char path[LB_PATH_MAX], const char *led, const char *attribute)
{
	(void)snprintf(path, LB_PATH_MAX, "/sys/class/leds/%s/%s", led, attribute);
}

static void note(const char *led, const char *attribute, char *out, size_t size)
{
	char path[LB_PATH_MAX];

	attribute_path(path, led, attribute);
	if (lb_file_read(path, out, size) < 0)
		out[0] = '\0';
}

static void poke(const char *led, const char *attribute, const char *value)
{
	char path[LB_PATH_MAX];

	if (!value[0])
		return;
	attribute_path(path, led, attribute);
	if (lb_file_poke(path, value) < 0)
		log_debug("LED '%s' does not take %s %s", led, attribute, value);
}

/* The trigger in use stands in brackets: "none [timer] heartbeat". */
static void note_trigger(const char *led, char *out, size_t size)
{
	static char all[TRIGGERS_MAX + 1];
	const char *open, *close;

	out[0] = '\0';
	note(led, "trigger", all, sizeof(all));
	open = strchr(all, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close && (size_t)(close - open) <= size)
		(void)snprintf(out, size, "%.*s", (int)(close - open - 1), open + 1);
}

static bool is_borrowed(const struct lb_leds *leds, int roles, const char *name)
{
	for (int role = 0; role < roles; role++)
		if (leds->brightness[role] >= 0 && strcmp(leds->names[role], name) == 0)
			return true;
	return false;
}

static void borrow_one(struct lb_leds *leds, struct lb_led_loan *loan, int role, const char *name)
{
	char path[LB_PATH_MAX];

	note_trigger(name, loan->was[role].trigger, sizeof(loan->was[role].trigger));
	note(name, "brightness", loan->was[role].brightness, sizeof(loan->was[role].brightness));
	note(name, "delay_on", loan->was[role].delay_on, sizeof(loan->was[role].delay_on));
	note(name, "delay_off", loan->was[role].delay_off, sizeof(loan->was[role].delay_off));
	poke(name, "trigger", "none");
	attribute_path(path, name, "brightness");
	leds->brightness[role] = open(path, O_WRONLY | O_CLOEXEC);
	if (leds->brightness[role] < 0)
		log_warn(
			"this machine has no LED '%s' (led.%s of the board file): going on without it",
			name, lb_led_role_name((unsigned)role));
	(void)snprintf(leds->names[role], sizeof(leds->names[role]), "%s", name);
	lb_leds_set(leds, (enum lb_led_role)role, false);
}

void lb_leds_borrow(struct lb_leds *leds, struct lb_led_loan *loan,
		    const char names[LB_ROLE_COUNT][LB_NAME_MAX])
{
	/* First the one that will blink: the others may be the same LED. */
	static const enum lb_led_role order[] = {LB_ROLE_FAILSAFE, LB_ROLE_RUNNING, LB_ROLE_BOOT};

	_Static_assert(sizeof(order) / sizeof(order[0]) == LB_ROLE_COUNT, "every role");
	*loan = (struct lb_led_loan){0};
	for (int role = 0; role < LB_ROLE_COUNT; role++)
		leds->brightness[role] = -1;
	for (size_t i = 0; i < LB_ROLE_COUNT; i++) {
		const char *name = names[order[i]];

		if (name[0] && !is_borrowed(leds, LB_ROLE_COUNT, name))
			borrow_one(leds, loan,
				   leds->brightness[LB_ROLE_FAILSAFE] < 0 ? LB_ROLE_FAILSAFE
									  : (int)order[i],
				   name);
	}
}

void lb_leds_return(struct lb_leds *leds, const struct lb_led_loan *loan)
{
	for (int role = 0; role < LB_ROLE_COUNT; role++) {
		const char *name = leds->names[role];

		if (leds->brightness[role] < 0)
			continue;
		poke(name, "brightness", loan->was[role].brightness);
		if (strcmp(loan->was[role].trigger, "none") != 0)
			poke(name, "trigger", loan->was[role].trigger);
		poke(name, "delay_on", loan->was[role].delay_on);
		poke(name, "delay_off", loan->was[role].delay_off);
	}
	lb_leds_close(leds);
	for (int role = 0; role < LB_ROLE_COUNT; role++)
		leds->brightness[role] = -1;
}
