/* plan/keep.h - what of the owner's is kept over an upgrade, as OpenWrt writes it down: lists of
 * paths, and what packages say about their configuration files (pure).
 *
 * Formats and rules: OpenWrt's sbin/sysupgrade. Paths are absolute; one with ".." is refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"

#define LB_KEEP_PATH_MAX 1024 /* as a member of a settings archive */

/* /etc/sysupgrade.conf and the files in /lib/upgrade/keep.d: paths, parted by blanks or line ends,
 * which may have wildcards of the shell. A word that begins with # ends the line. */
struct lb_keep_paths {
	struct lb_rd in;
	unsigned line; /* of what was taken last, from 1 */
};

void lb_keep_paths_begin(struct lb_keep_paths *k, const void *buf, size_t n);

/* 1: the next path is in `out`. 0: there are no more. LB_E(FORMAT): `out` has the word, or its
 * beginning, which is no absolute path, goes through ".." or holds a byte 0; LB_E(RANGE): the
 * beginning of one that is too long. Either way the next call goes on behind it. */
MUST_CHECK int lb_keep_paths_next(struct lb_keep_paths *k, char out[LB_KEEP_PATH_MAX]);

/* Configuration files of packages, with the hash that they were installed with: the paragraphs
 * "Conffiles:" of opkg's status, or the lines of apk's NAME.conffiles_static. */
struct lb_conffiles {
	struct lb_rd in;
	bool bare;    /* nothing but such lines */
	bool in_list; /* below "Conffiles:" */
};

struct lb_conffile {
	char path[LB_KEEP_PATH_MAX];
	char hash[65]; /* SHA-256 in lower-case digits; "" = none that can be compared */
};

void lb_conffiles_begin(struct lb_conffiles *c, bool bare, const void *buf, size_t n);

/* 1: the next one is in `out`. 0: there are no more. LB_E(FORMAT|RANGE): a path as above, of which
 * `out` has nothing; the next call goes on behind it. */
MUST_CHECK int lb_conffiles_next(struct lb_conffiles *c, struct lb_conffile *out);

/* Of all that was changed, what no upgrade may carry along: state that the new system makes itself,
 * and the package manager's own. */
bool lb_keep_never(const char *path);
