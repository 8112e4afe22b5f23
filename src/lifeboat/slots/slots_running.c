#include "lifeboat/slots/slots_running.h"

#include "plat/linux/disk/blockdev.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/storage/overlaydev.h"

static bool is_root(const char *spec, const char *disk)
{
	char path[LB_PATH_MAX];

	return lb_blockdev_find(spec, path, &lb_blockdev_roots) == 0 && lb_disk_is_same(path, disk);
}

int lb_slots_running(const struct lb_board *board)
{
	char disk[LB_PATH_MAX];
	struct lb_mount root;

	if (lb_mount_at(&root, "/rom") < 0 && lb_mount_at(&root, "/") < 0)
		return -1;
	if (lb_disk_by_number(root.major, root.minor, disk) < 0)
		return -1;
	for (size_t i = 0; i < board->slot_count; i++)
		if (is_root(board->slots[i].root, disk))
			return (int)i;
	return -1;
}
