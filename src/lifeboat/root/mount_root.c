#include "lifeboat/root/mount_root.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "image/rootfs.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "lifeboat/record_io.h"
#include "lifeboat/reset_result.h"
#include "lifeboat/root/extroot.h"
#include "lifeboat/root/to_flash.h"
#include "lifeboat/settings/restore.h"
#include "lifeboat/slots/slots_running.h"
#include "lifeboat/status_file.h"
#include "lifeboat/turn.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/machine/led.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/storage/overlayfs.h"
#include "plat/linux/storage/safe_file.h"
#include "plat/linux/storage/volume.h"
#include "store/overlay.h"

#define NOT_READY_YET                                                                        \
	"settings are in RAM until the flash is ready, and are moved there when the system " \
	"is up: leave it switched on"

static void set_formatting(struct lb_record *r, void *begun)
{
	r->overlay = *(int *)begun ? LB_RECORD_OVERLAY_FORMATTING : LB_RECORD_OVERLAY_NEW;
}

static int mark_formatting(void *board, int begun)
{
	return lb_record_change(board, set_formatting, &begun);
}

/* Look at the place of the overlay; dev->fd is -1 when there is nothing to be closed. */
static struct lb_overlay_sense sense(const struct lb_record *record, const struct lb_mount *root,
				     struct lb_overlay_dev *dev)
{
	struct lb_overlay_sense s = {0};
	char disk[LB_PATH_MAX], mkfs[LB_PATH_MAX];
	int rc = lb_disk_by_number(root->major, root->minor, disk);

	dev->fd = -1;
	if (rc == 0) {
		rc = lb_volume_open(dev, disk, false);
		if (rc == 0)
			rc = lb_overlay_dev_content(dev, &s.content);
		s.refused = lb_volume_refusal(rc);
	}
	if (rc < 0) {
		if (s.refused == LB_WHY_NOTHING)
			log_warn(
				"no overlay can be had behind the root file system: the place for it %s",
				lb_strerror(rc));
		return s;
	}
	s.has_device = true;
	s.kind = dev->kind;
	s.size_bytes = dev->size_bytes;
	s.can_f2fs = lb_program_find("mkfs.f2fs", mkfs, sizeof(mkfs)) == 0;
	s.format_pending = record->overlay == LB_RECORD_OVERLAY_FORMATTING ||
			   record->overlay == LB_RECORD_OVERLAY_RESET;
	return s;
}

/* The one sentence that the owner should act on, "" when all is well. */
static void describe(const struct lb_overlay_report *report, int rc, const struct lb_extroot *x,
		     char out[LB_SENTENCE_MAX])
{
	struct statvfs root;

	out[0] = '\0';
	if (rc < 0)
		(void)snprintf(out, LB_SENTENCE_MAX, "the root file system stays read-only: %s",
			       lb_overlay_why_text(report->why));
	else if (report->on_tmpfs && report->extroot)
		(void)snprintf(out, LB_SENTENCE_MAX,
			       "the internal overlay is in RAM, settings are on %.40s: %s",
			       x->device, lb_overlay_why_text(report->why));
	else if (report->why == LB_WHY_NOT_READY)
		(void)snprintf(out, LB_SENTENCE_MAX, "%s", NOT_READY_YET);
	else if (report->on_tmpfs)
		(void)snprintf(out, LB_SENTENCE_MAX,
			       "settings are in RAM and will be lost at the next reboot: %s",
			       lb_overlay_why_text(report->why));
	else if (statvfs("/", &root) == 0 && root.f_flag & ST_RDONLY)
		(void)snprintf(
			out, LB_SENTENCE_MAX,
			"the overlay is so full (%d %%) that the root is read-only: delete something below " LB_OVERLAY_DIR
			"/upper, then reboot",
			report->used_percent);
	else if (report->used_percent >= LB_OVERLAY_FULL_PERCENT)
		(void)snprintf(
			out, LB_SENTENCE_MAX,
			"the overlay is %d %% full: delete something, or changes cannot be saved",
			report->used_percent);
	else
		(void)strcpy(out, x->why);
}

static void set_complete(struct lb_record *r, void *took_ms)
{
	r->reset.outcome = LB_RESET_COMPLETE;
	r->reset.format_ms = *(uint32_t *)took_ms;
}

static void complete_reset(const struct lb_board *board, struct lb_record *record, uint64_t took_ms)
{
	uint32_t ms = (uint32_t)took_ms;

	if (record->reset.outcome != LB_RESET_COMMITTED)
		return;
	if (lb_record_change(board, set_complete, &ms) < 0)
		log_warn("the recovery record cannot be told that the factory reset is complete");
	set_complete(record, &ms);
}

static void describe_extroot(const struct lb_extroot *x, char out[LB_PATH_MAX])
{
	if (x->device[0])
		(void)snprintf(out, LB_PATH_MAX, "%.100s (%s)%s", x->device, x->fs,
			       x->whole_root ? " is the root"
					     : ", internal overlay at " LB_OVERLAY_INTERNAL_DIR);
	else
		out[0] = '\0';
}

static void publish(const struct lb_overlay_report *report, int rc, const struct lb_extroot *x,
		    const struct lb_record *record)
{
	char notice[LB_SENTENCE_MAX];
	struct lb_status s;

	if (lb_status_load(&s) < 0)
		return; /* run by hand on a machine without the boot gate: the messages have said it
			   all */
	(void)snprintf(s.overlay, sizeof(s.overlay), "%.15s",
		       rc < 0				   ? ""
		       : report->extroot && !x->whole_root ? x->fs
		       : report->on_tmpfs		   ? "tmpfs"
							   : lb_overlay_fs_name(report->fs));
	describe_extroot(x, s.extroot);
	s.overlay_used = report->used_percent;
	describe(report, rc, x, notice);
	if (notice[0]) { /* else what was there stays: a bad board file, say */
		memcpy(s.notice, notice, sizeof(s.notice));
		lb_log(report->why == LB_WHY_NOT_READY ? LB_LOG_INFO : LB_LOG_ERR, "%s", notice);
	}
	lb_reset_sentence(&record->reset, s.last_reset, sizeof(s.last_reset));
	if (record->reset.outcome == LB_RESET_COMPLETE &&
	    (report->formatted || report->reset_finished))
		log_warn("%s", s.last_reset); /* said on the console, once */
	if (lb_status_save(&s) < 0)
		log_warn("the status cannot be written to " LB_STATUS_FILE);
}

static int stay_readonly(const char *why, const char *what)
{
	struct lb_status s;
	char notice[LB_SENTENCE_MAX];

	(void)snprintf(notice, sizeof(notice), "the root file system stays read-only: %s %s", why,
		       what);
	log_err("%s", notice);
	if (lb_status_load(&s) == 0) {
		(void)snprintf(s.notice, sizeof(s.notice), "%s", notice);
		if (lb_status_save(&s) < 0)
			log_warn("the status cannot be written to " LB_STATUS_FILE);
	}
	return LB_EXIT_SYSTEM;
}

/* A root without overlay. */
static int make_writable(const char *fs)
{
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_NOATIME, NULL) == 0)
		return LB_EXIT_OK;
	log_err("the root (%s) cannot be made writable: %s", fs, strerror(errno));
	return LB_EXIT_SYSTEM;
}

int lb_mount_root_start(const struct lb_board *board, bool use_extroot)
{
	static struct lb_extroot extroot;
	struct lb_overlay_dev dev;
	struct lb_overlayfs overlayfs = {
		.dev = &dev, .mark_formatting = mark_formatting, .record_ctx = (void *)board};
	static struct lb_record record;
	const uint64_t began_ms = lb_monotonic_ms();
	struct lb_overlay_report report;
	struct lb_overlay_sense sensed;
	char disk[LB_PATH_MAX] = "";
	struct lb_mount root;
	int rc = lb_turn_take();

	if (rc < 0) {
		log_err("another mount_root does not end: look for it with ps");
		return LB_EXIT_SYSTEM;
	}
	rc = lb_mount_at(&root, "/");
	if (rc < 0) {
		log_err("what is mounted on / %s", lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	if (strcmp(root.fs, "overlay") == 0) {
		log_info("the overlay is over the root already");
		return LB_EXIT_OK;
	}
	if (!lb_rootfs_is_readonly(root.fs))
		return make_writable(root.fs);
	if (lb_overlayfs_lacks())
		return stay_readonly("it has no directory", lb_overlayfs_lacks());
	if (lb_overlayfs_clear() < 0)
		return stay_readonly("something uses", LB_OVERLAY_DIR);
	if (lb_record_read(board, &record) < 0)
		record = (struct lb_record){0};
	overlayfs.reset_pending = record.overlay == LB_RECORD_OVERLAY_RESET_KEEP;
	sensed = sense(&record, &root, &dev);
	sensed.extroot = use_extroot && lb_disk_by_number(root.major, root.minor, disk) == 0;
	lb_extroot_hook(&extroot, board, disk, &overlayfs);
	struct plat_overlay plat = lb_overlayfs_plat(&overlayfs);
	rc = lb_overlay_bring_up(&plat, &sensed, &report);
	if (dev.fd >= 0)
		(void)close(dev.fd);
	/* This boot may be the one that a factory reset was waiting for. */
	if (!report.on_tmpfs && (report.formatted || report.reset_finished))
		complete_reset(board, &record, lb_monotonic_ms() - began_ms);
	publish(&report, rc, &extroot, &record);
	if (rc == 0)
		lb_restore_settings(board, &report);
	if (rc == 0 && report.extroot)
		log_info("switched to extroot on %s", extroot.device);
	else if (rc == 0)
		log_info("switched to the %s overlay",
			 report.on_tmpfs ? "RAM" : lb_overlay_fs_name(report.fs));
	return rc == 0 ? LB_EXIT_OK : LB_EXIT_SYSTEM;
}

/* A factory reset that was asked for meanwhile, or that could not be finished, still stands. */
static void mark_ready(const char *dir)
{
	int state = lb_overlayfs_state_read(dir);

	if (state == LB_FS_STATE_RESET || state == LB_FS_STATE_RESET_ALL)
		return;
	if (lb_overlayfs_state_write(dir, LB_FS_STATE_READY) < 0)
		log_warn("the overlay at %s cannot be marked as ready: is it full or read-only?",
			 dir);
}

/* A stick may be in front of the internal overlay: both are in use. */
static bool internal_is_on_disk(void)
{
	struct lb_mount m;

	return lb_mount_at(&m, lb_overlayfs_internal()) == 0 && strcmp(m.fs, "tmpfs") != 0;
}

static void set_ready(struct lb_record *r, void *unused)
{
	if (r->overlay != LB_RECORD_OVERLAY_RESET && r->overlay != LB_RECORD_OVERLAY_RESET_KEEP)
		r->overlay = LB_RECORD_OVERLAY_READY;
	r->last_state = LB_STATE_RUNNING;
}

/* On a board with slots the guard of this boot stores the same, and more, a little later: of two
 * writes to flash one is enough. Not at the first boot of an overlay, whose data counts from now.
 */
static bool is_left_to_guard(const struct lb_board *board)
{
	static struct lb_record record;

	return board->slot_count && board->slot_store == LB_SLOT_STORE_RECORD &&
	       lb_slots_running(board) >= 0 && lb_record_read(board, &record) == 0 &&
	       record.overlay == LB_RECORD_OVERLAY_READY;
}

static void light_running(const struct lb_board *board)
{
	struct lb_leds leds;

	lb_leds_open(&leds, board->leds, LB_ROLE_RUNNING);
	lb_leds_close(&leds);
}

/* The system is up, on RAM: if that was only because the flash was not ready, now it is made so. */
static void move_to_flash(const struct lb_board *board, struct lb_status *s)
{
	static struct lb_record record;
	const uint64_t began_ms = lb_monotonic_ms();
	struct lb_overlay_sense sensed;
	struct lb_overlay_plan plan;
	struct lb_overlay_dev dev;
	struct lb_mount rom, root, ram;
	int used;

	/* Not when a stick is the root, or in front of the RAM. */
	if (lb_mount_at(&rom, "/rom") < 0 || lb_mount_at(&root, "/") < 0 ||
	    lb_mount_at(&ram, LB_OVERLAY_DIR) < 0 || strcmp(root.fs, "overlay") != 0 ||
	    strcmp(ram.fs, "tmpfs") != 0)
		return;
	if (lb_record_read(board, &record) < 0)
		record = (struct lb_record){0};
	sensed = sense(&record, &rom, &dev);
	lb_overlay_begin(&plan, &sensed);
	if (plan.why == LB_WHY_NOT_READY &&
	    lb_to_flash(board, &dev, sensed.content, mark_formatting, s->notice)) {
		(void)snprintf(s->overlay, sizeof(s->overlay), "%s", lb_overlay_fs_name(plan.fs));
		used = lb_overlayfs_used_percent(LB_OVERLAY_DIR);
		s->overlay_used = used < 0 ? -1 : used;
		if (record.reset.outcome == LB_RESET_COMMITTED) {
			complete_reset(board, &record, lb_monotonic_ms() - began_ms);
			lb_reset_sentence(&record.reset, s->last_reset, sizeof(s->last_reset));
			log_warn("%s", s->last_reset);
		}
	}
	if (dev.fd >= 0)
		(void)close(dev.fd);
}

static int mount_root_done(const struct lb_board *board)
{
	struct lb_status s;
	bool on_disk;
	int rc;

	light_running(board);
	if (lb_turn_take() < 0) {
		log_err("another mount_root does not end: look for it with ps");
		return LB_EXIT_SYSTEM;
	}
	if (lb_status_load(&s) < 0) {
		log_err("the boot gate has not run on this machine: there is nothing to finish");
		return LB_EXIT_NO;
	}
	s.state = LB_STATE_RUNNING;
	if (lb_status_save(&s) < 0) { /* now: the next step may take minutes */
		log_err("the status cannot be written to " LB_STATUS_FILE);
		return LB_EXIT_SYSTEM;
	}
	if (strcmp(s.overlay, "tmpfs") == 0)
		move_to_flash(board, &s);
	on_disk = s.overlay[0] && strcmp(s.overlay, "tmpfs") != 0;
	if (on_disk)
		mark_ready(LB_OVERLAY_DIR);
	lb_safe_file_drop(); /* of an upgrade that did not happen */
	on_disk = on_disk && internal_is_on_disk();
	if (on_disk && strcmp(lb_overlayfs_internal(), LB_OVERLAY_DIR) != 0)
		mark_ready(LB_OVERLAY_INTERNAL_DIR);
	rc = on_disk && !is_left_to_guard(board) ? lb_record_change(board, set_ready, NULL)
						 : LB_E(NOENT);
	if (rc < 0 && rc != LB_E(NOENT))
		log_warn("the recovery record %s", lb_strerror(rc));
	if (lb_status_save(&s) < 0)
		log_warn("the status cannot be written to " LB_STATUS_FILE);
	return LB_EXIT_OK;
}

int applet_mount_root(int argc, char **argv)
{
	struct lb_board board;
	bool done = argc > 1 && strcmp(argv[1], "done") == 0;
	int next = done || (argc > 1 && strcmp(argv[1], "start") == 0) ? 2 : 1;
	bool internal = !done && argc > next && strcmp(argv[next], "--no-extroot") == 0;

	next += internal;
	if (argc > next) {
		(void)fprintf(stderr,
			      "mount_root: '%s' is not known; use 'start', 'start --no-extroot' or "
			      "'done'\n",
			      argv[next]);
		return LB_EXIT_USAGE;
	}
	lb_board_for_this_machine(&board, NULL);
	return done ? mount_root_done(&board) : lb_mount_root_start(&board, !internal);
}
