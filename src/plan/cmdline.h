/* plan/cmdline.h - words of the kernel command line (pure). Whole words only: "xfailsafe=1" is not
 * "failsafe=1". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The value of the last word "key=value" (quotes around the word or its value removed) into `out`.
 * Returns its length, or LB_E(NOENT) when no such word is there, LB_E(NOSPC) when it does not fit;
 * then `out` is untouched. */
MUST_CHECK int lb_cmdline_get(const char *cmdline, const char *key, char *out, size_t size);

/* Does a place, as root= or a board file says it, name a UBI volume by its number? Such as
 * "/dev/ubiblock0_1", "ubi0_1" and "254:0", but not "ubi0:rootfs". A volume that was exchanged for
 * a new one has its name and another number. */
bool lb_place_numbers_ubi(const char *place);

/* Does any root= or ubi.block= on the command line? */
bool lb_cmdline_numbers_ubi(const char *cmdline);

enum lb_cmdline_switch {
	LB_SWITCH_UNSET,
	LB_SWITCH_OFF,	   /* key=0 */
	LB_SWITCH_ON,	   /* key=1 */
	LB_SWITCH_INVALID, /* any other value: to be reported, never to be guessed */
};

enum lb_cmdline_switch lb_cmdline_switch(const char *cmdline, const char *key);
