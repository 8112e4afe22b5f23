#include "plat/linux/machine/led_loan.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* Its brightness to write to, or -1. */
static int take(const char *name, struct lb_led_was *was)
{
	char path[LB_PATH_MAX];

	note_trigger(name, was->trigger, sizeof(was->trigger));
	note(name, "brightness", was->brightness, sizeof(was->brightness));
	note(name, "delay_on", was->delay_on, sizeof(was->delay_on));
	note(name, "delay_off", was->delay_off, sizeof(was->delay_off));
	poke(name, "trigger", "none");
	attribute_path(path, name, "brightness");
	return open(path, O_WRONLY | O_CLOEXEC);
}

static void give_back(const char *name, const struct lb_led_was *was)
{
	poke(name, "brightness", was->brightness);
	if (strcmp(was->trigger, "none") != 0)
		poke(name, "trigger", was->trigger);
	poke(name, "delay_on", was->delay_on);
	poke(name, "delay_off", was->delay_off);
}

static void borrow_one(struct lb_leds *leds, struct lb_led_loan *loan, int role, const char *name)
{
	leds->brightness[role] = take(name, &loan->was[role]);
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
		if (leds->brightness[role] >= 0)
			give_back(leds->names[role], &loan->was[role]);
	}
	lb_leds_close(leds);
	for (int role = 0; role < LB_ROLE_COUNT; role++)
		leds->brightness[role] = -1;
}

void lb_held_leds_borrow(struct lb_held_leds *h, const char (*names)[LB_NAME_MAX], size_t count)
{
	h->count = count;
	for (size_t i = 0; i < count; i++) {
		h->led[i].name = names[i];
		h->led[i].brightness = take(names[i], &h->led[i].was);
		if (h->led[i].brightness < 0)
			log_warn(
				"this machine has no LED '%s' (led.held of the board file): going on without it",
				names[i]);
	}
	lb_held_leds_set(h, false);
}

void lb_held_leds_set(const struct lb_held_leds *h, bool on)
{
	for (size_t i = 0; i < h->count; i++)
		lb_led_write(h->led[i].brightness, h->led[i].name, on);
}

void lb_held_leds_return(struct lb_held_leds *h)
{
	for (size_t i = 0; i < h->count; i++) {
		if (h->led[i].brightness < 0)
			continue;
		(void)close(h->led[i].brightness);
		give_back(h->led[i].name, &h->led[i].was);
	}
	h->count = 0;
}
