/* lifeboat/root/identity.h - who this device is, for people and for the LAN. */
#pragma once

#include <stddef.h>

#include "store/board.h"

/* The board file's serial, else the machine's (device tree, then firmware tables), else the first
 * LAN port's MAC address; "" when there is none at all. */
void lb_identity_serial(const struct lb_board *board, char *out, size_t size);

/* The rescue address with its prefix: "192.168.1.1/24". */
void lb_identity_address(const struct lb_board *board, char *out, size_t size);
