#include "lifeboat/modes/no_system.h"

#include "lifeboat/disk_wait.h"
#include "lifeboat/install/medkit_flash.h"
#include "plat/linux/files/mounts.h"

static bool is_there(const struct lb_board *board, const char *root)
{
	char node[LB_PATH_MAX];

	if (lb_disk_is_there(root, node))
		return true;
	for (size_t i = 0; i < board->slot_count; i++)
		if (lb_disk_is_there(board->slots[i].root, node))
			return true;
	return false;
}

bool lb_no_system(const struct lb_board *board, const char *root, unsigned wait_ms)
{
	const struct lb_disk_wait wait = lb_disk_wait_begin(wait_ms);

	if (!lb_root_is_initramfs())
		return false;
	while (!is_there(board, root))
		if (!lb_disk_wait_goes_on(&wait))
			return true;
	return lb_medkit_nothing_else_boots(board, root);
}
