/* lifeboat/ubi_place.h - what the board file says to whether an image may go into a new UBI volume,
 * which has another number than the old one. */
#pragma once

#include "store/board.h"

/* Flags for lb_target_open(): LB_TARGET_IN_PLACE if a place of a system in the board file is a
 * volume by its number, else 0. */
unsigned lb_ubi_place_flags(const struct lb_board *board);

/* The "UBI=name" by which the board file finds the root on this character device; `node` itself if
 * there is none. */
const char *lb_ubi_place_name(const struct lb_board *board, const char *node);
