/* plat/linux/storage/safe_file.h - the archive of settings beside upper, in the overlay that an
 * upgrade is about to replace: the first of the places of store/safe_copy.h, and the place of
 * store/safe_keep.h. */
#pragma once

#include "base/err.h"

/* Below the overlay. Only root looks in there. */
#define LB_SAFE_DIR  ".lifeboat"
#define LB_SAFE_FILE LB_SAFE_DIR "/settings.tgz"

/* A copy of the archive, on the medium when this returns. 0, also when no overlay is mounted but
 * one in RAM, which has nothing that is to be kept. LB_E(NOSPC|IO...): nothing is left of it; there
 * has to be room for 64 KiB more. */
MUST_CHECK int lb_safe_file_put(const char *archive);

/* The same in the overlay that is mounted on `dir`. */
MUST_CHECK int lb_safe_file_put_in(const char *dir, const char *archive);

/* Take it away. */
void lb_safe_file_drop(void);
