/* lifeboat/slots/slots_record.h - the slots' state in the recovery record: plat/slots.h. */
#pragma once

#include "plat/slots.h"
#include "store/board.h"

struct plat_slots lb_slots_record(const struct lb_board *board);
