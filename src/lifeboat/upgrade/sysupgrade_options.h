/* lifeboat/upgrade/sysupgrade_options.h - what "sysupgrade" was asked for. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct lb_sysupgrade {
	const char *image;   /* NULL = none was named */
	const char *create;  /* -b */
	const char *restore; /* -r */
	const char *archive; /* -f */
	const char *sysroot; /* "" = this system */
	bool list, changed_etc, changed_all, skip_same, packages;
	bool drop, keep_partitions, stay, test, force, ignore_minor, interactive, reboot, help;
	int verbose; /* 0 = only errors, 1 = what happens, 2 = every file */
};

/* 0, or an exit code after one sentence on stderr. */
MUST_CHECK int lb_sysupgrade_options(int argc, char **argv, struct lb_sysupgrade *out);
void lb_sysupgrade_usage(void);

/* What happens, on stderr; not with -q. */
PRINTF_LIKE(2, 3) void lb_sysupgrade_say(const struct lb_sysupgrade *o, const char *fmt, ...);
