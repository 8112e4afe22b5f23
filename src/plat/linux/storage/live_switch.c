#include "plat/linux/storage/live_switch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/flash_volume.h"
#include "plat/linux/disk/flash.h"
#include "plat/linux/disk/guard.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/storage/live_root.h"
#include "plat/linux/storage/overlayfs.h"

#define ASIDE	     LB_OVERLAY_ASIDE
#define NEW_ROOT     "/mnt"
#define OLD_ROOT     "/mnt" /* in the new root, until what is mounted there has moved */

#define SAY_EVERY_MS 10000

#define SETTLE_NS    30000000 /* longer than the tick that times of change come from */

/* Said by factoryreset, which waits for the switch to end. */
static int go_on(void *unused)
{
	int state = lb_overlayfs_state_read(LB_OVERLAY_DIR);

	return state == LB_FS_STATE_RESET || state == LB_FS_STATE_RESET_ALL ? LB_E(STATE) : 0;
}

static int do_note(void *ctx, int begun)
{
	struct lb_live_switch *l = ctx;
	int rc = go_on(NULL);

	if (rc == 0)
		rc = l->mark_formatting(l->record_ctx, begun);
	l->committed = !begun && (rc == 0 || rc == LB_E(NOENT));
	return rc;
}

/* The chip, with an ear for a factory reset and a voice: it is at work for minutes. Told to stop,
 * it passes over the rest as if that were bad, and keeps the block that asks for the erasure. */
struct told_chip {
	struct plat_mtd chip;
	uint64_t said_ms;
	bool stopped;
};

static void say_how_far(struct told_chip *t, uint32_t block)
{
	const uint32_t count = t->chip.block_count;
	struct timespec now;
	uint64_t now_ms;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (t->said_ms == 0)
		t->said_ms = now_ms;
	if (now_ms - t->said_ms < SAY_EVERY_MS || block >= count)
		return;
	t->said_ms = now_ms;
	log_info("erasing the flash of the overlay: %u %%", (count - block) * 100 / count);
}

static int told_erase(void *ctx, uint32_t block)
{
	struct told_chip *t = ctx;

	if (t->stopped)
		return LB_E(STATE);
	say_how_far(t, block);
	return t->chip.erase(t->chip.ctx, block);
}

static int told_is_bad(void *ctx, uint32_t block)
{
	struct told_chip *t = ctx;

	t->stopped = t->stopped || go_on(NULL) < 0;
	return t->stopped ? 1 : t->chip.is_bad(t->chip.ctx, block);
}

/* A block that was not to be erased any more is a good one all the same. */
static int told_mark_bad(void *ctx, uint32_t block)
{
	const struct told_chip *t = ctx;

	return t->stopped ? LB_E(UNSUP) : t->chip.mark_bad(t->chip.ctx, block);
}

static int told_read(void *ctx, uint32_t block, uint32_t off_bytes, void *buf, size_t n)
{
	const struct told_chip *t = ctx;

	return t->chip.read(t->chip.ctx, block, off_bytes, buf, n);
}

static int told_program(void *ctx, uint32_t block, uint32_t off_bytes, const void *buf, size_t n)
{
	const struct told_chip *t = ctx;

	return t->chip.program(t->chip.ctx, block, off_bytes, buf, n);
}

static int erase_told(const char *node)
{
	CLEANUP(lb_flash_closep) struct lb_flash_fd fd = LB_FLASH_CLOSED;
	struct told_chip t = {0};
	struct plat_mtd told;
	int rc = lb_flash_open_mtd(&fd, &t.chip, node, O_RDWR);

	if (rc < 0)
		return rc;
	told = t.chip;
	told.ctx = &t;
	told.is_bad = told_is_bad;
	told.erase = told_erase;
	told.mark_bad = told_mark_bad;
	told.read = told_read;
	told.program = told_program;
	rc = lb_mtd_erase(&told);
	return t.stopped ? LB_E(STATE) : rc;
}

static int erase(struct lb_live_switch *l)
{
	int rc = go_on(NULL);

	if (rc < 0)
		return rc;
	log_info("%s is being erased for the overlay", l->dev->disk);
	rc = erase_told(l->dev->flash.node);
	if (rc < 0 && rc != LB_E(STATE))
		log_err("%s cannot be erased: it %s", l->dev->disk, lb_strerror(rc));
	l->erased = rc == 0;
	return rc;
}

/* JFFS2 erases a blank flash itself, when it needs the room. */
static int do_erase(void *ctx)
{
	struct lb_live_switch *l = ctx;
	const struct lb_flash *f = &l->dev->flash;
	int rc = lb_guard_check(f->node, 0, f->size_bytes, &lb_blockdev_roots);

	if (rc < 0) {
		log_err("%s is left alone: it %s", f->node, lb_strerror(rc));
		return rc;
	}
	return l->content == LB_CONTENT_BLANK ? 0 : erase(l);
}

static int mount_aside(struct lb_live_switch *l)
{
	struct lb_mount m;

	if (mkdir(ASIDE, 0700) < 0 && errno != EEXIST)
		return lb_err_from_errno(errno);
	if (lb_mount_at(&m, ASIDE) == 0 && umount2(ASIDE, 0) < 0)
		return lb_err_from_errno(errno); /* of an attempt that was ended */
	if (mount(l->dev->source, ASIDE, "jffs2", MS_NOATIME, "") < 0)
		return lb_err_from_errno(errno);
	l->mounted_at = ASIDE;
	return 0;
}

static int do_mount(void *ctx)
{
	struct lb_live_switch *l = ctx;
	int rc = mount_aside(l);

	if (rc < 0 && !l->erased) { /* blank at the first look only */
		rc = erase(l);
		if (rc == 0)
			rc = mount_aside(l);
	}
	if (rc == 0)
		rc = lb_overlayfs_state_write(ASIDE, LB_FS_STATE_PENDING);
	if (rc == 0 && mkdir(ASIDE "/" LB_OVERLAY_STAGING, 0755) < 0)
		rc = lb_err_from_errno(errno);
	if (rc == 0)
		rc = lb_copytree_open(&l->copy, LB_OVERLAY_DIR "/upper",
				      ASIDE "/" LB_OVERLAY_STAGING);
	if (rc < 0)
		log_err("%s cannot be mounted as jffs2 to be filled: it %s", l->dev->source,
			lb_strerror(rc));
	return rc;
}

static int do_copy(void *ctx)
{
	const struct timespec settle = {.tv_nsec = SETTLE_NS};
	struct lb_live_switch *l = ctx;
	int rc;

	l->copy.go_on = go_on;
	rc = lb_copytree_pass(&l->copy);
	if (rc < 0)
		return rc;
	log_debug("%llu changes were copied to the flash", (unsigned long long)l->copy.changes);
	if (l->copy.changes == 0)
		return 0;
	(void)nanosleep(&settle, NULL);
	return 1;
}

static int sync_at(const char *dir)
{
	CLEANUP(lb_fd_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? lb_err_from_errno(errno) : 0;
}

static int do_commit(void *ctx)
{
	int rc = go_on(NULL);

	if (rc == 0)
		rc = sync_at(ASIDE);
	if (rc == 0 && mkdir(ASIDE "/work", 0755) < 0)
		rc = lb_err_from_errno(errno);
	if (rc == 0 && rename(ASIDE "/" LB_OVERLAY_STAGING, ASIDE "/upper") < 0)
		rc = lb_err_from_errno(errno);
	return rc == 0 ? sync_at(ASIDE) : rc;
}

/* The flash covers the RAM, so that the new overlay is known by the names that every other has. */
static int do_enter(void *ctx)
{
	struct lb_live_switch *l = ctx;
	int rc = lb_live_root_id(&l->old_root);

	if (rc == 0 && mount(ASIDE, LB_OVERLAY_DIR, NULL, MS_MOVE, NULL) < 0)
		rc = lb_err_from_errno(errno);
	if (rc < 0)
		return rc;
	l->mounted_at = LB_OVERLAY_DIR;
	if (mount("overlayfs:" LB_OVERLAY_DIR, NEW_ROOT, "overlay", MS_NOATIME,
		  "lowerdir=/rom,upperdir=" LB_OVERLAY_DIR "/upper,workdir=" LB_OVERLAY_DIR
		  "/work") < 0)
		return lb_err_from_errno(errno);
	rc = lb_live_root_enter(NEW_ROOT, OLD_ROOT);
	if (rc < 0)
		(void)umount2(NEW_ROOT, MNT_DETACH);
	return rc;
}

static void tell_user(void *ctx, int pid, const char *program, const char *path, bool writes)
{
	if (writes)
		log_warn(
			"%s (process %d) still writes %s in RAM: restart it, or that is lost at the next reboot",
			program, pid, path);
	else
		log_info(
			"%s (process %d) still sees %s as it was in RAM: restart it, or 'cd' there again",
			program, pid, path);
}

static int do_catch_up(void *ctx)
{
	struct lb_live_switch *l = ctx;
	int rc = lb_copytree_into_overlay(&l->copy, "/");

	l->copy.go_on = NULL;
	if (rc == 0)
		rc = lb_copytree_pass(&l->copy);
	if (rc == 0)
		rc = sync_at(LB_OVERLAY_DIR);
	if (rc < 0)
		log_err("not all that was changed during the switch is on the flash: it %s",
			lb_strerror(rc));
	lb_live_root_users(l->old_root, tell_user, NULL);
	return rc;
}

static int do_leave(void *ctx)
{
	struct lb_live_switch *l = ctx;

	lb_copytree_closep(&l->copy);
	if (!l->mounted_at)
		return 0;
	if (umount2(l->mounted_at, 0) < 0) {
		log_warn("the flash is not let go of: %s", strerror(errno));
		return lb_err_from_errno(errno);
	}
	l->mounted_at = NULL;
	/* A board without record would take it for the owner's overlay, and not try again. */
	return l->committed ? 0 : lb_flash_mark(&l->dev->flash);
}

void lb_live_switch_closep(struct lb_live_switch *l)
{
	lb_copytree_closep(&l->copy);
}

struct plat_live_switch lb_live_switch_plat(struct lb_live_switch *l)
{
	l->copy = (struct lb_copytree)LB_COPYTREE_CLOSED;
	return (struct plat_live_switch){
		.ctx = l,
		.note = do_note,
		.erase = do_erase,
		.mount = do_mount,
		.copy = do_copy,
		.commit = do_commit,
		.enter = do_enter,
		.catch_up = do_catch_up,
		.leave = do_leave,
	};
}
