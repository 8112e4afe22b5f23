/* image/medkit.h - Turris medkits: a root tree in a tar.gz, known by its name and by what is in it
 * (pure). Source: Turris' rescue-image, helpers.sh and os-build's generate_medkits. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "tables/limits.h"

struct lb_medkit_name {
	char board[LB_NAME_MAX];   /* "omnia", "mox", "omnia-ng" */
	char version[LB_NAME_MAX]; /* "202611200000", "latest", or "" */
};

/* "omnia-medkit-202611200000.tar.gz", "mox-medkit-min-latest.tar.gz",
 * "medkit-omnia-contract-cti-....tar.gz"; folders in front are skipped. 0, or LB_E(FORMAT) with
 * `out` untouched. */
MUST_CHECK int lb_medkit_name_parse(struct lb_medkit_name *out, const char *path);

/* What the walk through an archive has met; feed it each member's name. */
struct lb_medkit_content {
	bool init, boot, version,
		settings;  /* sbin/init, boot/..., etc/turris-version, etc/config/... */
	const char *board; /* by the device trees in boot/; NULL = none that is known */
	bool boards_differ;
};
void lb_medkit_member(struct lb_medkit_content *c, const char *name);
