/* The least that a snapshot, a rollback and a deletion can be: the calls to the kernel, with a sync
 * where what is done has to last. For bench_snapshot.py. */
#include <fcntl.h>
#include <linux/btrfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int copy(int top, const char *from, const char *to)
{
	struct btrfs_ioctl_vol_args_v2 args = {.fd = openat(top, from, O_RDONLY | O_DIRECTORY)};

	(void)snprintf(args.name, sizeof(args.name), "%s", to);
	return ioctl(top, BTRFS_IOC_SNAP_CREATE_V2, &args);
}

static int drop(int top, const char *name)
{
	struct btrfs_ioctl_vol_args args = {0};

	(void)snprintf(args.name, sizeof(args.name), "%s", name);
	return ioctl(top, BTRFS_IOC_SNAP_DESTROY, &args);
}

/* The least that lasts: a new name, and the file system's commit. */
static int commit(int top, int times)
{
	int rc = 0;

	while (rc == 0 && times-- > 0) {
		int fd = openat(top, "file", O_CREAT | O_EXCL | O_WRONLY, 0644);

		rc = fd < 0 || close(fd) != 0 || unlinkat(top, "file", 0) != 0 || syncfs(top) != 0;
	}
	return rc;
}

int main(int argc, char **argv)
{
	int top = argc == 3 ? open(argv[2], O_RDONLY | O_DIRECTORY) : -1;

	if (top < 0)
		return 1;
	if (strcmp(argv[1], "create") == 0)
		return copy(top, "@", "@21") != 0;
	if (strcmp(argv[1], "rollback") == 0)
		return copy(top, "@1", "@21") != 0 ||
		       renameat2(top, "@", top, "@21", RENAME_EXCHANGE) != 0 || syncfs(top) != 0;
	if (strcmp(argv[1], "delete") == 0)
		return drop(top, "@21") != 0 || syncfs(top) != 0;
	if (strcmp(argv[1], "commit") == 0 || strcmp(argv[1], "commits") == 0)
		return commit(top, argv[1][6] ? 2 : 1);
	return 1;
}
