/* image/tar_write.h - headers of tar, as every tar(1) and OpenWrt's busybox read them (pure):
 * ustar, and GNU's long names. Whole archives are read by libarchive. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/manifest.h"
#include "image/tar.h"

/* A header, and a header with blocks for a long path and for a long target before it. */
#define LB_TAR_HEADER_MAX (3 * LB_TAR_BLOCK + 2 * (LB_MEMBER_PATH_MAX + LB_TAR_BLOCK))

/* Encode what comes before a member's content. Returns its length, a multiple of the block, or
 * LB_E(RANGE): tar has no room for that size or owner; LB_E(NOSPC): `size` is too small. */
MUST_CHECK int lb_tar_put_header(void *out, size_t size, const struct lb_member *m);
