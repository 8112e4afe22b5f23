/* plan/accounts.h - /etc/passwd, group and shadow when settings are restored (pure).
 *
 * The restored file is the owner's, but a newer system may bring users of its own that its services
 * need. So lines of the system whose first field is missing in the restored file are appended, as
 * OpenWrt does (preinit, 80_mount_root).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define LB_ACCOUNTS_BYTES_MAX 65536 /* a router's passwd has 1 to 4 KiB */

/* Is it one of the three files? `path` is relative to the root. */
bool lb_is_accounts(const char *path);

/* Append to the `used` bytes of `text`, which has room for `size`, what is missing of the system's
 * own file; a last line without newline gets one first. Returns the new length, or LB_E(NOSPC) with
 * `text` as it was. */
MUST_CHECK int lb_accounts_merge(char *text, size_t used, size_t size, const void *rom, size_t n);
