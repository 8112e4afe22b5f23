/* plat/linux/storage/safe_file.h - the archive of settings beside upper, in the overlay that an
 * upgrade is about to replace: the first of the places of store/safe_copy.h, and the place of
 * store/safe_keep.h. */
#pragma once

#include "base/err.h"

/* Below the overlay. Only root looks in there. */
#define LB_SAFE_DIR  ".lifeboat"
#define LB_SAFE_FILE LB_SAFE_DIR "/settings.tgz"

/* A copy of the archive, on the medium when this returns, in the overlay that is mounted on `dir`.
 * LB_E(NOSPC|IO...): nothing is left of it, and an older one is what it was; there has to be room
 * for both and for 64 KiB more. */
MUST_CHECK int lb_safe_file_put_in(const char *dir, const char *archive);

/* The same in the overlay of the system that runs. 0 also when that is in RAM, where nothing is to
 * be kept, and when one on flash has room and cannot be written: store/safe_keep.h mends that. */
MUST_CHECK int lb_safe_file_put(const char *archive);

/* Take it away, and the same file under the name LB_OVERLAY_ARCHIVE as long as no factory reset is
 * asked for: a later one would bring these settings back. */
void lb_safe_file_drop(void);
void lb_safe_file_drop_in(const char *dir);
