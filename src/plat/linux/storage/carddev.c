#include "plat/linux/storage/carddev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/disk/block.h"
#include "plat/linux/disk/guard.h"
#include "plat/linux/machine/proc.h"

#define SUPER_BYTES 4096

/* Where a btrfs has its superblock, and the copies of it. */
static const uint64_t supers[] = {UINT64_C(64) << 10, UINT64_C(64) << 20, UINT64_C(256) << 30};

static int do_note(void *ctx, bool begun)
{
	struct lb_carddev *c = ctx;

	return c->note(c->ctx, begun);
}

static int do_table(void *ctx)
{
	struct lb_carddev *c = ctx;

	return c->table(c->ctx);
}

static int do_wipe(void *ctx)
{
	struct lb_carddev *c = ctx;
	CLEANUP(lb_block_closep) struct lb_block block = LB_BLOCK_CLOSED;
	struct plat_block p;
	static uint8_t zeros[SUPER_BYTES];
	int rc = lb_block_open(&block, &p, c->device, LB_BLOCK_WRITE);

	if (rc == 0) /* of any other file system */
		rc = p.write(p.ctx, 0, zeros, sizeof(zeros));
	for (size_t i = 0; rc == 0 && i < sizeof(supers) / sizeof(supers[0]); i++)
		if (supers[i] + SUPER_BYTES <= c->size_bytes)
			rc = p.write(p.ctx, supers[i], zeros, sizeof(zeros));
	return rc < 0 ? rc : p.flush(p.ctx);
}

static int do_format(void *ctx)
{
	struct lb_carddev *c = ctx;
	/* -K: erasing all of a card first takes some of them minutes, without a sign of life. */
	const char *const argv[] = {"mkfs.btrfs", "-q", "-f", "-K", c->device, NULL};
	int rc = lb_program_run(argv, true);

	return rc > 0 ? LB_E(CHILD) : rc;
}

static int do_open(void *ctx, struct plat_snapshots *out)
{
	struct lb_carddev *c = ctx;
	int rc = lb_btrfs_open(&c->btrfs, c->device);

	if (rc == 0)
		*out = lb_btrfs_plat(&c->btrfs);
	return rc;
}

static int do_fill(void *ctx, const char *subvolume)
{
	struct lb_carddev *c = ctx;
	CLEANUP(lb_fd_closep) int dir = lb_btrfs_open_subvolume(&c->btrfs, subvolume);

	return dir < 0 ? dir : c->fill(c->ctx, dir);
}

static int do_link(void *ctx, const char *name, const char *target)
{
	struct lb_carddev *c = ctx;

	return symlinkat(target, c->btrfs.top, name) < 0 ? lb_err_from_errno(errno) : 0;
}

static int do_present(void *ctx, const char *path)
{
	struct lb_carddev *c = ctx;

	if (faccessat(c->btrfs.top, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : lb_err_from_errno(errno);
}

int lb_carddev_open(struct lb_carddev *c, const char *device)
{
	/* A block device that is mounted, or part of something else, cannot be opened so. */
	CLEANUP(lb_fd_closep) int fd = open(device, O_RDWR | O_EXCL | O_CLOEXEC);
	uint64_t size;
	struct stat st;
	int rc;

	if (fd < 0)
		return lb_err_from_errno(errno);
	if (fstat(fd, &st) < 0 || !S_ISBLK(st.st_mode))
		return LB_E(UNSUP);
	if (ioctl(fd, BLKGETSIZE64, &size) < 0)
		return lb_err_from_errno(errno);
	rc = lb_guard_check(device, 0, size, &lb_blockdev_roots);
	if (rc < 0)
		return rc;
	if ((size_t)snprintf(c->device, sizeof(c->device), "%s", device) >= sizeof(c->device))
		return LB_E(RANGE);
	c->size_bytes = size;
	c->btrfs = LB_BTRFS_CLOSED;
	return 0;
}

struct plat_card lb_carddev_plat(struct lb_carddev *c)
{
	return (struct plat_card){.ctx = c,
				  .note = do_note,
				  .table = c->table ? do_table : NULL,
				  .wipe = do_wipe,
				  .format = do_format,
				  .open = do_open,
				  .fill = do_fill,
				  .link = do_link,
				  .present = do_present};
}

void lb_carddev_closep(struct lb_carddev *c)
{
	lb_btrfs_closep(&c->btrfs);
}
