#include "lifeboat/board_file.h"

#include "plat/linux/disk/guard.h"

void lb_board_for_this_machine(struct lb_board *out, char why[LB_SENTENCE_MAX])
{
	char unread[LB_SENTENCE_MAX];
	int rc;

	if (!why)
		why = unread;
	why[0] = '\0';
	lb_board_defaults(out);
	rc = lb_board_load(out, LB_BOARD_FILE, why);
	if (rc == LB_E(NOENT))
		why[0] = '\0';
	else if (rc < 0)
		out->failsafe = LB_POLICY_LOCKED;
	lb_board_apply(out);
}

void lb_board_apply(const struct lb_board *board)
{
	lb_guard_set((const char(*)[LB_NAME_MAX])board->protected_names,
		     board->protected_name_count);
	lb_blockdev_set_card(board->card_device, &board->card);
}
