#include "plat/linux/machine/led.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "plat/linux/files/files.h"

static int led_poke(const char *led, const char *attribute, const char *value)
{
	char path[LB_PATH_MAX];

	(void)snprintf(path, sizeof(path), "/sys/class/leds/%s/%s", led, attribute);
	return lb_file_poke(path, value);
}

void lb_leds_open(struct lb_leds *leds, const char names[LB_ROLE_COUNT][LB_NAME_MAX],
		  enum lb_led_role lit)
{
	for (int role = 0; role < LB_ROLE_COUNT; role++) {
		const char *name = names[role];
		char path[LB_PATH_MAX];

		leds->brightness[role] = -1;
		memcpy(leds->names[role], name, sizeof(leds->names[role]));
		if (!name[0])
			continue;
		(void)snprintf(path, sizeof(path), "/sys/class/leds/%s/brightness", name);
		(void)led_poke(name, "trigger",
			       "none"); /* LEDs without triggers have no such file */
		leds->brightness[role] = open(path, O_WRONLY | O_CLOEXEC);
		if (leds->brightness[role] < 0)
			log_warn(
				"this machine has no LED '%s' (led.%s of the board file): going on without it",
				name, lb_led_role_name((unsigned)role));
		/* Roles may share an LED: none of them puts it out. */
		lb_leds_set(leds, (enum lb_led_role)role,
			    lit < LB_ROLE_COUNT && strcmp(name, names[lit]) == 0);
	}
}

void lb_leds_close(struct lb_leds *leds)
{
	for (int role = 0; role < LB_ROLE_COUNT; role++)
		if (leds->brightness[role] >= 0)
			(void)close(leds->brightness[role]);
}

void lb_led_write(int fd, const char *name, bool on)
{
	/* 255 is the largest brightness of any class; the kernel caps it. An LED that cannot be
	 * driven must not stop a rescue. */
	if (fd >= 0 && pwrite(fd, on ? "255" : "0", on ? 3 : 1, 0) < 0)
		log_debug("LED '%s' does not take a brightness", name);
}

void lb_leds_set(const struct lb_leds *leds, enum lb_led_role role, bool on)
{
	lb_led_write(leds->brightness[role], leds->names[role], on);
}

void lb_leds_leave(const struct lb_leds *leds, enum lb_led_role role, enum lb_led pattern)
{
	const struct lb_led_pattern *p = &lb_led_patterns[pattern];
	const char *name = leds->names[role];
	char ms[16];

	if (leds->brightness[role] < 0)
		return;
	if (p->off_ms == 0 || led_poke(name, "trigger", "timer") < 0) {
		lb_leds_set(leds, role, p->on_ms > 0);
		return;
	}
	(void)snprintf(ms, sizeof(ms), "%u", p->on_ms);
	if (led_poke(name, "delay_on", ms) < 0)
		log_debug("LED '%s' does not take delay_on", name);
	(void)snprintf(ms, sizeof(ms), "%u", p->off_ms);
	if (led_poke(name, "delay_off", ms) < 0)
		log_debug("LED '%s' does not take delay_off", name);
}
