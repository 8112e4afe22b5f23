/* plat/linux/files/keydir.h - a directory of public keys, each in a file with its id as name, as
 * opkg has it. */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* The text of the key `id` (16 lower-case hexadecimal digits). Its length, LB_E(NOENT) no such key,
 * LB_E(AUTH) the key was revoked: its file is a link to nothing, LB_E(STATE) there is no such
 * directory, LB_E(NOSPC|IO). On failure `out` is untouched. */
MUST_CHECK int lb_keydir_read(const char *dir, const char *id, char *out, size_t size);
