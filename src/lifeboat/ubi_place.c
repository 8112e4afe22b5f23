#include "lifeboat/ubi_place.h"

#include <string.h>

#include "plan/cmdline.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/disk/target.h"
#include "plat/linux/files/files.h"

#define CMDLINE_MAX (4096 + 1) /* the largest COMMAND_LINE_SIZE of any architecture */

static bool board_numbers(const struct lb_board *board)
{
	bool numbers = lb_place_numbers_ubi(board->root) || lb_place_numbers_ubi(board->kernel);

	for (size_t i = 0; i < board->slot_count; i++)
		numbers = numbers || lb_place_numbers_ubi(board->slots[i].root) ||
			  lb_place_numbers_ubi(board->slots[i].kernel);
	return numbers;
}

/* A boot loader that names the volume of one slot by its number does so for the other one, too. */
static bool cmdline_numbers(void)
{
	static char cmdline[CMDLINE_MAX];

	return lb_file_read("/proc/cmdline", cmdline, sizeof(cmdline)) < 0 ||
	       lb_cmdline_numbers_ubi(cmdline);
}

unsigned lb_ubi_place_flags(const struct lb_board *board, const char *place)
{
	return strncmp(place, "UBI=", 4) == 0 && !board_numbers(board) && !cmdline_numbers()
		       ? LB_TARGET_EXCHANGE
		       : 0;
}

static bool is_name_of(const char *place, const char *node)
{
	char found[LB_PATH_MAX];

	return strncmp(place, "UBI=", 4) == 0 &&
	       lb_blockdev_find_raw(place, found, &lb_blockdev_roots) == 0 &&
	       strcmp(found, node) == 0;
}

const char *lb_ubi_place_name(const struct lb_board *board, const char *node)
{
	if (is_name_of(board->root, node))
		return board->root;
	for (size_t i = 0; i < board->slot_count; i++)
		if (is_name_of(board->slots[i].root, node))
			return board->slots[i].root;
	return node;
}
