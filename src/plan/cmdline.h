/* plan/cmdline.h - words of the kernel command line (pure). Whole words only: "xfailsafe=1" is not
 * "failsafe=1". */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* The value of the last word "key=value" (quotes around the word or its value removed) into `out`.
 * Returns its length, or LB_E(NOENT) when no such word is there, LB_E(NOSPC) when it does not fit;
 * then `out` is untouched. */
MUST_CHECK int lb_cmdline_get(const char *cmdline, const char *key, char *out, size_t size);

enum lb_cmdline_switch {
	LB_SWITCH_UNSET,
	LB_SWITCH_OFF,	   /* key=0 */
	LB_SWITCH_ON,	   /* key=1 */
	LB_SWITCH_INVALID, /* any other value: to be reported, never to be guessed */
};

enum lb_cmdline_switch lb_cmdline_switch(const char *cmdline, const char *key);
