/* lifeboat/upgrade/sysupgrade.h - the parts of the applet "sysupgrade". */
#pragma once

#include "lifeboat/upgrade/sysupgrade_options.h"

/* Exit codes all. */
int lb_sysupgrade_list(const struct lb_sysupgrade *o);
/* -b; to an upgrade it gives the archive of the settings, verified. */
int lb_sysupgrade_create(const struct lb_sysupgrade *o, const char *file);
int lb_sysupgrade_restore(const struct lb_sysupgrade *o, const char *file);
/* Is it an archive that this board would restore? */
int lb_sysupgrade_check_archive(const char *file);
int lb_sysupgrade_image(const struct lb_sysupgrade *o);
