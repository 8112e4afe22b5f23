/* lifeboat/ubi_place.h - may an image go into a new UBI volume, which has another number than the
 * old one? Only where nobody counts on that number: neither the place as it is given, nor any place
 * of a system in the board file, nor the kernel's command line. */
#pragma once

#include "store/board.h"

/* Flags for lb_target_open() of this place: LB_TARGET_EXCHANGE or 0. */
unsigned lb_ubi_place_flags(const struct lb_board *board, const char *place);

/* The "UBI=name" by which the board file finds the root on this character device; `node` itself if
 * there is none. */
const char *lb_ubi_place_name(const struct lb_board *board, const char *node);
