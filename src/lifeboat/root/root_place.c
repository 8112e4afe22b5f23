#include "lifeboat/root/root.h"

#include <stdio.h>

#include "lifeboat/slots/slots_running.h"
#include "plan/cmdline.h"

void lb_root_place(char out[LB_PATH_MAX], const struct lb_board *board, const char *cmdline)
{
	const char *place = board->root;
	int slot;

	if (lb_cmdline_get(cmdline, "root", out, LB_PATH_MAX) > 0)
		return;
	if (board->slot_count) {
		slot = lb_slots_running(board);
		place = board->slots[slot >= 0 ? slot : 0].root;
	}
	(void)snprintf(out, LB_PATH_MAX, "%s", place);
}
