/* plat/linux/storage/safe_file.h - the archive of settings beside upper, in the overlay that an
 * upgrade is about to replace: the first of the places of store/safe_copy.h. */
#pragma once

#include "base/err.h"

/* Below the overlay. Only root looks in there. */
#define LB_SAFE_DIR  ".lifeboat"
#define LB_SAFE_FILE LB_SAFE_DIR "/settings.tgz"

/* A copy of the archive, on the medium when this returns. 0, also when no overlay of a
 * disk is mounted: one in RAM has nothing that is to be kept, one on flash is not looked into by
 * the rescue. LB_E(NOSPC|IO...): nothing is left of it. */
MUST_CHECK int lb_safe_file_put(const char *archive);

/* Take it away. */
void lb_safe_file_drop(void);
