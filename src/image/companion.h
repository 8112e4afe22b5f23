/* image/companion.h - NAME.md5 and NAME.sha256 beside an image (pure).
 *
 * All forms that people have are read: coreutils text ("HASH  NAME") and binary ("HASH *NAME"), the
 * BSD form
 * ("SHA256 (NAME) = HASH"), a bare hash, Unix and DOS line ends. The name is not compared: a
 * renamed image with its old companion is the same image (Turris' rescue refuses it). With several
 * lines the one that has the image's name counts. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_HASH_MAX 32 /* SHA-256 */

/* Read the hash of `hash_len` bytes (16 or 32) for the image `name`. 0; LB_E(FORMAT) when no line
 * has one, or several have and none of them names the image. On failure `out` is untouched. */
MUST_CHECK int lb_companion_parse(uint8_t out[LB_HASH_MAX], size_t hash_len, const char *name,
				  const void *text, size_t n);
