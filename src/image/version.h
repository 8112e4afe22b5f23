/* image/version.h - which version is newer, and do settings survive? (pure) */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* Compare "23.05.3" with "24.10.0-rc1": numbers between dots; "-rc1" comes before the release
 * itself. 1 when `version` is at least `least`, 0 when it is older, LB_E(FORMAT) when one of them
 * has no number to compare ("SNAPSHOT"). A time stamp such as 202611200000 is a number too. */
MUST_CHECK int lb_version_at_least(const char *version, const char *least);

enum lb_compat {
	LB_COMPAT_SAME,
	LB_COMPAT_MINOR, /* settings of one do not work on the other */
	LB_COMPAT_MAJOR, /* one cannot be installed from the other */
};

/* OpenWrt's compat_version, "MAJOR.MINOR"; "" stands for "1.0" (lib/upgrade/fwtool.sh).
 * What is no such version counts as a major difference unless both are the same text. */
enum lb_compat lb_compat_compare(const char *device, const char *image);
