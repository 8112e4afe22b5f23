#include "lifeboat/root/extroot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "image/rootfs.h"
#include "lifeboat/root/identity.h"
#include "lifeboat/root/owner.h"
#include "plan/extroot.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/storage/extrootdev.h"
#include "plat/linux/storage/overlaydev.h"
#include "store/extroot.h"

#define FSTAB	      "etc/config/fstab"
#define FSTAB_BYTES   16384 /* a section has some 200 bytes */
#define LOOK_EVERY_MS 250

/* The one sentence that the owner should act on. */
PRINTF_LIKE(2, 3) static int refuse(struct lb_extroot *x, const char *fmt, ...)
{
	static const char end[] = "; the internal overlay is in use";
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(x->why, sizeof(x->why) - sizeof(end), fmt, args);
	va_end(args);
	(void)strcat(x->why, end);
	return LB_E(STATE);
}

/* The fstab that the owner sees when no stick is in use: of the internal overlay, else of the root.
 */
static int read_wish(struct lb_extroot *x, struct lb_extroot_want *want)
{
	static char text[FSTAB_BYTES];
	struct lb_extroot_wrong wrong;
	CLEANUP(lb_fd_closep)
	int upper = open(LB_OVERLAY_DIR "/upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP(lb_fd_closep) int lower = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = lb_owner_file_read(upper, lower, FSTAB, text, sizeof(text));
	int rc;

	if (n == LB_E(NOENT))
		return 0;
	if (n < 0)
		return refuse(x, "extroot is not in use: /" FSTAB " %s",
			      n == LB_E(NOSPC) ? "is larger than 16 KiB" : lb_strerror(n));
	rc = lb_extroot_parse(want, &wrong, text, (size_t)n);
	if (rc < 0)
		return refuse(x, "extroot is not in use: /" FSTAB ":%u: %.120s", wrong.line,
			      wrong.text);
	return rc;
}

static int wait_for_stick(const struct lb_extroot *x, const struct lb_extroot_want *want,
			  const char *name, struct lb_extroot_device *out)
{
	const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000l};
	const uint64_t until_ms = lb_monotonic_ms() + want->wait_ms;
	bool said = false;
	int rc;

	while ((rc = lb_extrootdev_find(out, want, x->disk, &lb_blockdev_roots)) == LB_E(NOENT) &&
	       lb_monotonic_ms() < until_ms) {
		if (!said)
			log_info("extroot: waiting up to %u s for %s", want->wait_ms / 1000, name);
		said = true;
		(void)nanosleep(&pause, NULL);
	}
	return rc;
}

static int find_stick(struct lb_extroot *x, const struct lb_extroot_want *want,
		      struct lb_extroot_device *out)
{
	char name[LB_PATH_MAX + 32];
	int rc;

	lb_extroot_describe(want, name, sizeof(name));
	rc = wait_for_stick(x, want, name, out);
	if (rc == LB_E(EXIST))
		return refuse(x, "extroot is not in use: %.100s is not the only one: use its UUID",
			      name);
	if (rc < 0)
		return refuse(x, "extroot is not in use: %.100s did not appear within %u s", name,
			      want->wait_ms / 1000);
	if (lb_extroot_fs_is_fit(out->fs))
		return 0;
	return refuse(
		x,
		"extroot is not in use: %.40s holds %s%.20s, which cannot be an overlay: make "
		"ext4 or f2fs on it",
		out->path, out->fs[0] ? "" : "no file system", out->fs);
}

/* What a stick that belongs to this router and this firmware says. */
static int my_marks(const struct lb_extroot *x, struct lb_extroot_marks *out)
{
	static uint8_t head[LB_ROOTFS_HEAD_BYTES];
	char uuid[LB_ROOTFS_UUID_MAX], serial[LB_SERIAL_MAX];
	int rc = lb_disk_head(x->disk, head);

	if (rc == 0)
		rc = lb_rootfs_uuid(uuid, head, sizeof(head));
	if (rc < 0)
		return rc;
	lb_identity_serial(x->board, serial, sizeof(serial));
	*out = (struct lb_extroot_marks){0};
	(void)snprintf(out->root, sizeof(out->root), "%s", uuid);
	(void)snprintf(out->board, sizeof(out->board), "%s %s", x->board->id, serial);
	return 0;
}

/* Whose overlay is on the stick? 1: ours, but the marks are to be written; 0: ours. */
static int judge(struct lb_extroot *x, const struct lb_extroot_device *d,
		 const struct lb_extroot_marks *mine)
{
	struct lb_extroot_marks found;

	lb_extrootdev_marks_read(&found, LB_EXTROOT_DIR);
	switch (lb_extroot_judge(&found, mine)) {
	case LB_EXTROOT_USE:
		return 0;
	case LB_EXTROOT_MARK_AND_USE:
		if (found.root[0] && strcmp(found.root, mine->root) != 0)
			log_warn(
				"extroot: the firmware has changed since %s was used: packages on it "
				"may be too old for it",
				d->path);
		return 1;
	case LB_EXTROOT_OTHER_ROUTER:
		return refuse(
			x,
			"extroot is not in use: UUID mismatch: %.30s belongs to another router "
			"(%.60s); to take it over delete etc/.extroot-* on it",
			d->path, found.board);
	case LB_EXTROOT_OTHER_FIRMWARE:
		break;
	}
	return refuse(
		x,
		"extroot is not in use: UUID mismatch: %.30s was used with another firmware; to "
		"take it over delete etc/.extroot-uuid on it",
		d->path);
}

/* Look before anything is written. As judge(). */
static int look(struct lb_extroot *x, const struct lb_extroot_want *want,
		const struct lb_extroot_device *d, const struct lb_extroot_marks *mine)
{
	int rc = lb_extrootdev_peek(d);

	if (rc < 0)
		return refuse(x, "extroot is not in use: %.40s (%.20s) %s", d->path, d->fs,
			      rc == LB_E(BUSY)
				      ? "is mounted already: unmount it"
				      : "cannot be mounted: damaged, or unknown to the kernel");
	if (!want->whole_root)
		rc = judge(x, d, mine);
	else if (!lb_extrootdev_has_init(LB_EXTROOT_DIR, x->board->init))
		rc = refuse(
			x,
			"extroot is not in use: %.40s holds no system, %.60s is missing: copy the "
			"root to it first",
			d->path, x->board->init);
	lb_extrootdev_unmount();
	return rc;
}

static int mount_for_good(struct lb_extroot *x, const struct lb_extroot_want *want,
			  const struct lb_extroot_device *d, const char *at)
{
	int rc = want->check ? lb_extrootdev_check(d) : 0;

	if (rc < 0)
		log_warn("extroot: %s is not all right after a check: trying it all the same",
			 d->path);
	rc = lb_extrootdev_mount(d, at, want->options);
	if (rc < 0)
		return refuse(x, "extroot is not in use: %.40s (%.20s) %s", d->path, d->fs,
			      rc == LB_E(AUTH)
				      ? "is write-protected"
				      : "cannot be mounted to be written to: is it damaged? option "
					"check_fs '1' repairs it");
	return 0;
}

/* It is on LB_OVERLAY_DIR, in front of the internal overlay, which is not to be seen any more:
 * hence the descriptor. enum lb_attached. */
static int use_overlay(struct lb_extroot *x, const struct lb_extroot_device *d,
		       const struct lb_extroot_marks *marks, int internal)
{
	char internal_dir[64];
	struct lb_extrootdev pair = {.dir = LB_OVERLAY_DIR, .internal = internal_dir};
	struct plat_extroot plat = lb_extrootdev_plat(&pair);
	int rc;

	(void)snprintf(internal_dir, sizeof(internal_dir), "/proc/self/fd/%d", internal);
	rc = lb_extroot_settle(&plat);
	if (rc == LB_EXTROOT_RESET)
		return LB_ATTACHED_RESET;
	if (rc < 0)
		return refuse(
			x,
			"extroot is not in use: a factory reset could not be finished on %.40s: "
			"settings are still on it",
			d->path);
	if (marks && lb_extrootdev_marks_write(LB_OVERLAY_DIR, marks) < 0)
		log_warn("extroot: %s cannot be marked as this router's: is it full?", d->path);
	if (lb_extrootdev_note(internal_dir, d->uuid) < 0)
		log_warn("extroot: the internal overlay cannot remember the stick: is it full?");
	return LB_ATTACHED_STICK;
}

static int use_root(struct lb_extroot *x, const struct lb_extroot_device *d)
{
	if (lb_extrootdev_make_mount_points(LB_EXTROOT_DIR) < 0)
		return refuse(x, "extroot is not in use: %.40s lacks /rom, and it cannot be made",
			      d->path);
	x->overlayfs->new_root = LB_EXTROOT_DIR;
	return LB_ATTACHED_STICK;
}

static int do_detach(void *ctx)
{
	struct lb_extroot *x = ctx;

	if (!x->whole_root && umount2(LB_OVERLAY_DIR, MNT_DETACH) < 0)
		log_warn("extroot: %s cannot be unmounted: %s", x->device, strerror(errno));
	lb_extrootdev_unmount();
	(void)refuse(x, "extroot is not in use: %.40s cannot be put over the root", x->device);
	x->device[0] = '\0';
	return 0;
}

static int attach(struct lb_extroot *x, const struct lb_extroot_want *want,
		  const struct lb_extroot_device *d)
{
	CLEANUP(lb_fd_closep)
	int internal = open(LB_OVERLAY_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *at = want->whole_root ? LB_EXTROOT_DIR : LB_OVERLAY_DIR;
	struct lb_extroot_marks mine;
	int marked, rc;

	if (my_marks(x, &mine) < 0 || internal < 0)
		return refuse(x, "extroot is not in use: the root on %.40s cannot be read",
			      x->disk);
	marked = look(x, want, d, &mine);
	if (marked < 0)
		return marked;
	rc = mount_for_good(x, want, d, at);
	if (rc < 0)
		return rc;
	rc = want->whole_root ? use_root(x, d)
			      : use_overlay(x, d, marked == 1 ? &mine : NULL, internal);
	if (rc != LB_ATTACHED_STICK)
		(void)umount2(at, MNT_DETACH);
	return rc;
}

static int do_attach(void *ctx)
{
	struct lb_extroot *x = ctx;
	struct lb_extroot_want want;
	struct lb_extroot_device d;
	int rc = read_wish(x, &want);

	if (rc <= 0)
		return rc < 0 ? rc : LB_ATTACHED_NOTHING;
	rc = find_stick(x, &want, &d);
	if (rc == 0)
		rc = attach(x, &want, &d);
	if (rc != LB_ATTACHED_STICK)
		return rc;
	(void)strcpy(x->device, d.path);
	(void)strcpy(x->fs, d.fs);
	x->whole_root = want.whole_root;
	log_info("extroot: %s (%s) is the %s", d.path, d.fs, want.whole_root ? "root" : "overlay");
	return rc;
}

void lb_extroot_hook(struct lb_extroot *x, const struct lb_board *board, const char *disk,
		     struct lb_overlayfs *overlayfs)
{
	*x = (struct lb_extroot){.board = board, .overlayfs = overlayfs};
	(void)snprintf(x->disk, sizeof(x->disk), "%s", disk);
	overlayfs->attach = do_attach;
	overlayfs->detach = do_detach;
	overlayfs->extroot_ctx = x;
}

enum lb_extroot_kind lb_extroot_in_use(char device[LB_PATH_MAX])
{
	struct lb_mount rom, m;
	bool over = strcmp(lb_overlayfs_internal(), LB_OVERLAY_INTERNAL_DIR) == 0;

	if (lb_mount_at(&m, over ? LB_OVERLAY_DIR : "/") < 0 || strncmp(m.source, "/dev/", 5) != 0)
		return LB_EXTROOT_NONE;
	memcpy(device, m.source, sizeof(m.source));
	if (over)
		return LB_EXTROOT_OVERLAY;
	return lb_mount_at(&rom, "/rom") == 0 && lb_rootfs_is_readonly(rom.fs) ? LB_EXTROOT_ROOT
									       : LB_EXTROOT_NONE;
}
