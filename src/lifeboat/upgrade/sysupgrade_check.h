/* lifeboat/upgrade/sysupgrade_check.h - is the image of an upgrade what this board may have? */
#pragma once

#include "install/verify.h"
#include "lifeboat/upgrade/sysupgrade_options.h"

/* How the image is to be verified. */
struct lb_verify_ask lb_sysupgrade_ask(const struct lb_sysupgrade *o, const struct lb_board *board,
				       int fd);

/* Say what is wrong with an image. LB_EXIT_OK: nothing, or -F was given; NO: -F would help;
 * BROKEN: nothing would. */
int lb_sysupgrade_judge(const struct lb_sysupgrade *o, const struct lb_verdict *v);

/* Verify all of it and say what is wrong, as above; `fd` stands where it stood. LB_EXIT_SYSTEM: it
 * cannot be read. */
int lb_sysupgrade_check(const struct lb_sysupgrade *o, const struct lb_board *board, int fd);
