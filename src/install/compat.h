/* install/compat.h - the compat_version of the OpenWrt that runs. */
#pragma once

#include "tables/limits.h"

#define LB_COMPAT_FILE "/etc/config/system"

/* Option compat_version of the first section "system" of that UCI file, as OpenWrt reads it; "" =
 * there is no such file, or it does not say. */
void lb_compat_read(char out[LB_NAME_MAX], const char *path);
