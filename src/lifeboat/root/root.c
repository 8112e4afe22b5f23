#include "lifeboat/root/root.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "image/rootfs.h"
#include "lifeboat/root/root_subvolume.h"
#include "plan/cmdline.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/storage/overlaydev.h"

#define NEW_ROOT	 "/newroot"
#define WAIT_FOR_DISK_MS 10000 /* a USB disk needs 2 to 5 s after its driver is loaded */
#define LOOK_EVERY_MS	 20

static int fail(struct lb_root *out, const char *fmt, ...) PRINTF_LIKE(2, 3);

static int fail(struct lb_root *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(out->why, sizeof(out->why), fmt, args);
	va_end(args);
	out->kind = LB_ROOT_NONE;
	return LB_E(NOENT);
}

static int wait_for_disk(struct lb_root *out, const char *spec, void (*kick)(void *ctx), void *ctx)
{
	const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000l};
	uint64_t until_ms = lb_monotonic_ms() + WAIT_FOR_DISK_MS;
	char twin[LB_PATH_MAX];
	struct stat st;
	int rc;

	while ((rc = lb_blockdev_find(spec, out->disk, &lb_blockdev_roots)) < 0 ||
	       stat(out->disk, &st) < 0) {
		if (rc == LB_E(FORMAT)) /* waiting does not help */
			return fail(out,
				    "the root device '%.100s' is not understood: write /dev/NAME, "
				    "PARTLABEL=NAME or PARTUUID=ID",
				    spec);
		if (lb_monotonic_ms() > until_ms) {
			out->disk[0] = '\0';
			return fail(out, "the root device %s did not appear within %d s", spec,
				    WAIT_FOR_DISK_MS / 1000);
		}
		kick(ctx);
		(void)nanosleep(&pause, NULL);
	}
	if (lb_blockdev_twin(spec, out->disk, twin, &lb_blockdev_roots) == 0)
		log_warn("%s is the name of %s and of %s: the first is taken for the root", spec,
			 out->disk, twin);
	return 0;
}

/* The file system's name; mounting by trial would let a driver loose on a foreign disk. */
static int name_fs(struct lb_root *out)
{
	static uint8_t head[LB_ROOTFS_HEAD_BYTES];
	struct lb_rootfs rootfs;
	int rc = lb_disk_head(out->disk, head);

	if (rc < 0)
		return fail(out, "the root device %s cannot be read", out->disk);
	if (lb_rootfs_parse(&rootfs, head, sizeof(head)) == 0) {
		(void)snprintf(out->fs, sizeof(out->fs), "%s", rootfs.fs);
		return 0;
	}
	rc = lb_disk_type(out->disk, out->fs, sizeof(out->fs));
	return rc < 0 ? fail(out, "there is no file system on the root device %s", out->disk) : 0;
}

/* Read a file to its end: what is damaged shows now, while there still is a way back. */
static int read_through(const char *root, const char *path, char *head, size_t head_size)
{
	CLEANUP(lb_fd_closep) int fd = lb_file_open_in_root(root, path);
	static char buf[65536];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf, sizeof(buf));
	if (n < 0)
		return lb_err_from_errno(errno);
	memset(head, 0, head_size);
	memcpy(head, buf, (size_t)n < head_size ? (size_t)n : head_size);
	while (n > 0)
		n = read(fd, buf, sizeof(buf));
	return n < 0 ? lb_err_from_errno(errno) : 0;
}

/* Can the init of the operating system be started? A script or a dynamic program is only as good as
 * its interpreter, but the program itself is what a half-written image loses first. */
static int check_init(struct lb_root *out, const char *init)
{
	char head[SELFMAG] = "";
	int rc = read_through(NEW_ROOT, init, head, sizeof(head));

	if (rc < 0)
		return fail(out, "the root file system on %s is damaged: %s %s", out->disk, init,
			    lb_strerror(rc));
	if (memcmp(head, ELFMAG, SELFMAG) != 0 && memcmp(head, "#!", 2) != 0)
		return fail(out, "the root file system on %s is damaged: %s is no program",
			    out->disk, init);
	return 0;
}

static int enter_from_initramfs(struct lb_root *out, const struct lb_board *board)
{
	char options[LB_NAME_MAX + 8] = "";
	int rc;

	if (board->subvolume[0])
		lb_root_subvolume_mend(out->disk);
	rc = name_fs(out);
	if (rc < 0)
		return rc;
	if (strcmp(out->fs, "btrfs") == 0 && board->subvolume[0]) {
		out->savepoint = lb_root_subvolume_settle(out->disk);
		(void)snprintf(options, sizeof(options), "subvol=%s", board->subvolume);
	}
	if (mkdir(NEW_ROOT, 0755) < 0 && errno != EEXIST)
		return fail(out, "%s cannot be made: %s", NEW_ROOT, strerror(errno));
	if (mount(out->disk, NEW_ROOT, out->fs, MS_RDONLY | MS_NOATIME, options) < 0)
		return fail(out, "the root file system (%s on %s%s%s) cannot be mounted: %s",
			    out->fs, out->disk, options[0] ? ", " : "", options, strerror(errno));
	if ((rc = check_init(out, board->init)) < 0) {
		(void)umount2(NEW_ROOT, MNT_DETACH);
		return rc;
	}
	rc = lb_switch_root(NEW_ROOT);
	return rc < 0 ? fail(out, "the root file system on %s cannot be entered", out->disk) : 0;
}

static int look_at_root(struct lb_root *out)
{
	struct lb_mount root;
	int rc = lb_mount_at(&root, "/");

	if (rc < 0)
		return fail(out, "what is mounted on / %s", lb_strerror(rc));
	(void)snprintf(out->fs, sizeof(out->fs), "%s", root.fs);
	if (lb_disk_by_number(root.major, root.minor, out->disk) < 0)
		out->disk[0] = '\0';
	return 0;
}

int lb_root_find(struct lb_root *out, const char *place, void (*kick)(void *ctx), void *ctx)
{
	*out = (struct lb_root){.from_initramfs = lb_root_is_initramfs()};
	return out->from_initramfs ? wait_for_disk(out, place, kick, ctx) : 0;
}

void lb_root_enter(struct lb_root *out, const struct lb_board *board)
{
	int rc = out->from_initramfs ? enter_from_initramfs(out, board) : look_at_root(out);

	if (rc == 0)
		out->kind = lb_rootfs_is_readonly(out->fs) ? LB_ROOT_READONLY : LB_ROOT_WRITABLE;
}
