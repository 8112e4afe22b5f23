/* store/settings_read.h - walk through a settings archive, member by member, and prove it whole.
 *
 * What the archive's manifest says is compared on the way: order, type, mode, owner, size, and the
 * hash of each content. An archive without one (OpenWrt's own) is proven by gzip's checksum and by
 * the end mark of tar. So only when lb_settings_next() has returned 0 is anything of it to be
 * trusted. Needs about 50 KiB of memory and the manifest's length, whatever the archive's size.
 */
#pragma once

#include <stdbool.h>

#include "plat/settings.h"

struct lb_settings_reader;

/* On failure *out is NULL, and `why` as lb_settings_why(). */
MUST_CHECK int lb_settings_open(struct lb_settings_reader **out, const struct plat_archive *from,
				const char **why);
void lb_settings_closep(struct lb_settings_reader **r);

/* What the archive says of itself; NULL when it has no manifest. */
const struct lb_manifest *lb_settings_manifest(const struct lb_settings_reader *r);

/* The next member, the manifest left out. 1; 0 at the end, when all was right; or LB_E(TRUNC|CRC|
 * FORMAT) it is damaged, LB_E(UNSUP) it holds what settings do not, LB_E(AUTH) a path that leads
 * elsewhere, LB_E(RANGE) too much, LB_E(IO|NOSPC) reading it failed. */
MUST_CHECK int lb_settings_next(struct lb_settings_reader *r, struct lb_member *out);

/* More of a file's content: how many bytes, 0 at its end, errors as above. */
MUST_CHECK int lb_settings_data(struct lb_settings_reader *r, void *buf, size_t n);

/* After an error: what is wrong, to follow the archive's name in a sentence. */
const char *lb_settings_why(const struct lb_settings_reader *r);
