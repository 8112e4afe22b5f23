/* lifeboat/settings/keep_packages.h - what opkg and apk know of a root file system. */
#pragma once

#include "lifeboat/settings/keep_set.h"

/* Files that packages own. */
MUST_CHECK int lb_keep_owned(struct lb_keep *out, const char *root);

/* "name TAB rom|overlay|unknown" for each installed package, as OpenWrt lists them. The caller
 * frees; NULL: no memory. */
char *lb_keep_packages(const char *root);

/* A script that switches off again what is switched off now; "" = nothing is, or this is no
 * OpenWrt. The caller frees; NULL: no memory. */
char *lb_keep_disabled(const char *root);
