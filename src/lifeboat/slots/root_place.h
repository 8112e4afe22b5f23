/* lifeboat/slots/root_place.h - where the root lies that would be booted, or is. */
#pragma once

#include "store/board.h"

/* As lb_blockdev_find() takes it: root= on the command line wins; on a board with slots it is the
 * one that runs. */
void lb_root_place(char out[LB_PATH_MAX], const struct lb_board *board, const char *cmdline);

/* The same with the command line of this kernel. */
void lb_root_place_now(char out[LB_PATH_MAX], const struct lb_board *board);
