/* lifeboat/card_note.h - the recovery record knows that a card is being written: a power cut then
 * leaves a router without a system, and the boot gate carries on by itself (store/card.h). */
#pragma once

#include "store/board.h"
#include "tables/tables.h"

/* From now on the next boot carries out `mode` once more; 0 = nothing. It is on the device when
 * this returns. Without a record, or with a broken one, there is only a warning: a card that cannot
 * be written at all would be worse. */
void lb_card_note(const struct lb_board *board, unsigned mode);

/* The same before the card gets the table in which the record has its partition. */
void lb_card_note_ahead(const struct lb_board *board, unsigned mode);

/* The mode that was cut off while it wrote the card; 0 = none. */
unsigned lb_card_noted(const struct lb_board *board);

/* The same right after power-on: waits for the record's device, but not longer than for that of the
 * root, which is at `place` (lb_root_place()). `watchdog` is fed meanwhile; -1 = there is none. */
unsigned lb_card_noted_at_boot(const struct lb_board *board, const char *place, int watchdog);
