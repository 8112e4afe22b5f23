#include "lifeboat/slots/root_place.h"

#include <stdio.h>

#include "lifeboat/slots/slots_running.h"
#include "plan/cmdline.h"
#include "plat/linux/files/files.h"

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

void lb_root_place_now(char out[LB_PATH_MAX], const struct lb_board *board)
{
	char cmdline[4096 + 1];

	if (lb_file_read("/proc/cmdline", cmdline, sizeof(cmdline)) < 0)
		cmdline[0] = '\0';
	lb_root_place(out, board, cmdline);
}
