/* lifeboat/slots/slots_running.h - which slot this system came from, told by what is mounted. */
#pragma once

#include "store/board.h"

/* The slot whose root is the running system's, whatever the record says; -1: none of them. */
int lb_slots_running(const struct lb_board *board);
