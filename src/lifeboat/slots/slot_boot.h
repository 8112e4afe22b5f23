/* lifeboat/slots/slot_boot.h - the boot gate on a board with slots. */
#pragma once

#include <stdbool.h>

#include "lifeboat/status_file.h"
#include "store/board.h"

/* Does the gate choose here? Not without slots, and not when root= stands on the command line. */
bool lb_slot_boot_chooses(const struct lb_board *board, const char *cmdline);

/* What the gate does in between. */
struct lb_slot_hands {
	int (*enter)(int slot);	    /* make its root the system's: 0, or an error */
	void (*kick)(void *unused); /* called while something is waited for */
};

/* Choose a slot and store that, if what is known of the slots can be had by now; asked again and
 * again while drivers come up, so that a boot is counted before anything that takes time. Only for
 * boards whose store the gate writes. */
void lb_slot_boot_count(const struct lb_board *board, struct lb_status *s);

/* Choose a slot, store that, enter it; the other slot when that fails. `why` holds the sentence of
 * enter() then. The slot entered, or -1: neither could be, and `why` tells both reasons. Says on
 * the console what is out of the ordinary; fills s->slot and s->slot_reason. */
int lb_slot_boot(const struct lb_board *board, struct lb_status *s, const struct lb_slot_hands *h,
		 char why[LB_SENTENCE_MAX]);

/* The root was chosen by others: see which slot it is. */
int lb_slot_boot_look(const struct lb_board *board, struct lb_status *s);
