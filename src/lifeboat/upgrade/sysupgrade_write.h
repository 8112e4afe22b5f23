/* lifeboat/upgrade/sysupgrade_write.h - the steps of an upgrade that change something. */
#pragma once

#include "lifeboat/slots/slots.h"
#include "lifeboat/upgrade/sysupgrade_options.h"

#define LB_SYSUPGRADE_LOCK "/run/lifeboat/sysupgrade.lock"

/* LB_EXIT_OK, or one sentence: a factory reset is under way. */
int lb_sysupgrade_no_reset(const struct lb_board *board);

/* LB_EXIT_OK, or one sentence on why the settings of this system cannot be kept. In failsafe the
 * overlay is mounted first, as mount_root does it. */
int lb_sysupgrade_has_settings(const struct lb_board *board);

/* Into memory. */
int lb_sysupgrade_copy(const char *from, const char *to);
/* From a pipe into memory. A descriptor at its start, or LB_E(...) after one sentence. */
int lb_sysupgrade_spool(int fd, const char *to);

/* Write the image from `fd` to the slot that does not run, put the archive ("" = none) into its new
 * overlay, and have the next boot try it. */
int lb_sysupgrade_write_slot(const struct lb_sysupgrade *o, const struct lb_board *board, int fd,
			     const char *archive, const struct lb_slots *slots);
