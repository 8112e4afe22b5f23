/* lifeboat/applet_options.h - what the command lines of several applets have in common.
 *
 * All return LB_EXIT_OK, or an exit code after one sentence on stderr, with `out` untouched. */
#pragma once

#include "base/err.h"
#include "store/board.h"
#include "tables/tables.h"

/* An option that getopt_long() did not take: `c` is '?', or ':' when its value is missing. */
int lb_applet_bad_option(const char *applet, int c, const char *word);

/* --door NAME */
MUST_CHECK int lb_applet_door(const char *applet, const char *name, enum lb_door *out);

/* The only operand, argv[optind]: an image, or - for standard input. */
MUST_CHECK int lb_applet_image(const char *applet, int argc, char **argv, const char **out);

/* --board FILE. With NULL the board file of this machine; without one the built-in defaults, which
 * `out` holds also when it fails. */
MUST_CHECK int lb_applet_board(const char *applet, const char *path, struct lb_board *out);
