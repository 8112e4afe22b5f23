/* Return to the state of a new installation; firstboot and jffs2reset are older names for it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "lifeboat/record_io.h"
#include "lifeboat/reset/root_reset.h"
#include "lifeboat/reset/stick_reset.h"
#include "lifeboat/turn.h"
#include "plat/linux/files/tree.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/storage/overlayfs.h"
#include "plat/linux/storage/resetdev.h"
#include "plat/linux/storage/volume.h"
#include "store/reset.h"

/* The words of OpenWrt's firstboot: scripts answer them, and its wiki shows them to users. */
#define QUESTION                                                                   \
	"This will erase all settings and remove any installed packages. Are you " \
	"sure? [N/y]"

struct options {
	bool yes, reboot, keep, dry_run, erase;
};

static int parse_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (strcmp(a, "--dry-run") == 0)
			o->dry_run = true;
		else if (strcmp(a, "--erase") == 0)
			o->erase = true;
		else if (a[0] != '-' || !a[1] || a[1] == '-')
			return i;
		else
			for (const char *c = a + 1; *c; c++) {
				bool *flag = *c == 'y'	 ? &o->yes
					     : *c == 'r' ? &o->reboot
					     : *c == 'k' ? &o->keep
					     : *c == 'n' ? &o->dry_run
							 : NULL;
				if (!flag)
					return i;
				*flag = true;
			}
	}
	return 0;
}

static bool confirmed(void)
{
	int answer;

	(void)fprintf(stderr, "%s\n", QUESTION);
	answer = getchar();
	return answer == 'y' || answer == 'Y';
}

static void print_path(void *ctx, const char *path)
{
	(void)puts(path);
}

static int show(const struct lb_resetdev *dev, const struct lb_stick *stick, bool keep)
{
	struct lb_tree_count count = {0};
	char upper[LB_PATH_MAX];

	if (!dev->mounted && dev->kind != LB_VOLUME_ROOTDISK) {
		(void)printf("the overlay of %llu MiB on %s would be erased at the next boot\n",
			     (unsigned long long)dev->size_bytes >> 20, dev->disk);
		return LB_EXIT_OK;
	}
	if (!dev->mounted) {
		(void)printf(
			"the overlay of %llu MiB behind the root on %s would be erased at the next boot\n",
			(unsigned long long)dev->size_bytes >> 20, dev->disk);
		return LB_EXIT_OK;
	}
	(void)snprintf(upper, sizeof(upper), "%s/upper", dev->dir);
	if (lb_stick_show(stick) < 0 ||
	    lb_tree_walk(upper, keep ? LB_OVERLAY_ARCHIVE : NULL, print_path, NULL, &count) < 0) {
		log_err("not all of the overlay can be read");
		return LB_EXIT_SYSTEM;
	}
	(void)fprintf(stderr, "%llu entries, %llu bytes would be deleted\n",
		      (unsigned long long)count.entries, (unsigned long long)count.bytes);
	return LB_EXIT_OK;
}

static void set_request(struct lb_record *r, void *keep)
{
	r->overlay = *(bool *)keep ? LB_RECORD_OVERLAY_RESET_KEEP : LB_RECORD_OVERLAY_RESET;
}

static int record_request(void *board, bool keep)
{
	return lb_record_change(board, set_request, &keep);
}

static void set_result(struct lb_record *r, void *result)
{
	r->reset = *(struct lb_reset_result *)result;
}

/* Says what is wrong, unless it is a root without overlay. */
static int open_device(struct lb_resetdev *dev)
{
	int rc = lb_resetdev_open(dev);

	if (rc == LB_E(UNSUP) && dev->disk[0])
		log_err("the root is on flash (%s), and no flash partition or UBI volume is called " LB_VOLUME_NAME
			": there is no overlay to reset",
			dev->disk);
	else if (rc == LB_E(UNSUP))
		return rc;
	else if (rc == LB_E(NOSPC))
		log_err("there is no room for an overlay behind the root file system on %s: nothing to reset",
			dev->disk);
	else if (rc == LB_E(BUSY) && dev->elsewhere[0])
		log_err("%s is mounted on %s and not as the overlay: unmount it first; nothing was reset",
			dev->device, dev->elsewhere);
	else if (rc == LB_E(STATE))
		log_err("what is mounted on %s is not the overlay of this device, which is %s: unmount it first; "
			"nothing was reset",
			dev->dir, dev->device);
	else if (rc == LB_E(AUTH) && dev->device[0])
		log_err("%s cannot be opened for writing: be root, and see whether the device is write-protected; "
			"nothing was reset",
			dev->device);
	else if (dev->refused != LB_WHY_NOTHING)
		log_err("%s; nothing was reset", lb_overlay_why_text(dev->refused));
	else if (rc < 0)
		log_err("the overlay cannot be found: its place on %s %s",
			dev->disk[0] ? dev->disk : "the disk", lb_strerror(rc));
	return rc;
}

static void say_what_comes(const struct lb_resetdev *dev)
{
	if (dev->mounted)
		log_info("%s is mounted as %s%s", dev->device, dev->dir,
			 dev->writable ? ", only erasing files" : " and cannot be written to");
	else
		log_info("the overlay on %s is not mounted", dev->disk);
}

/* Both devices, the stick first (store/extroot.h); nothing when the request is refused anyway. */
static int reset_both(const struct plat_reset *plat, const struct lb_reset_sense *sense,
		      const struct lb_stick *stick, struct lb_reset_report *report)
{
	struct lb_reset_plan plan;
	uint64_t entries = 0;
	int rc, stick_rc = 0;

	lb_reset_begin(&plan, sense);
	if (plan.step != LB_RESET_FAILED)
		stick_rc = lb_stick_reset(stick, &entries);
	rc = lb_reset_run(plat, sense, report);
	report->entries += entries;
	if (report->committed && stick_rc == 0)
		lb_stick_reset_end(stick);
	/* Or else the stick asks the next boot for it. */
	if (plan.step != LB_RESET_FAILED && sense->extroot && stick_rc == 0)
		report->committed = true;
	/* What is left on the internal overlay the next boot deletes; on the stick nobody does. */
	if (stick_rc < 0 && report->committed) {
		report->why = LB_RESET_WHY_STICK;
		return LB_E(IO);
	}
	return rc;
}

static struct lb_reset_sense sense(const struct lb_resetdev *dev, const struct lb_stick *stick,
				   const struct options *o)
{
	return (struct lb_reset_sense){.mounted = dev->mounted,
				       .writable = dev->writable,
				       .keep = o->keep,
				       .erase = o->erase,
				       .reboot = o->reboot,
				       .extroot = stick->kind == LB_EXTROOT_OVERLAY,
				       .locked = dev->kind == LB_VOLUME_UBI};
}

/* The system runs on RAM, and mount_root may be about to move it to the flash: that sees the
 * request in the overlay's state and gives way, or has ended before it could, and the flash is
 * mounted. */
static int overtake(struct lb_resetdev *dev, const struct lb_stick *stick, const struct options *o)
{
	const struct lb_reset_sense sensed = sense(dev, stick, o);
	struct lb_reset_plan plan;

	lb_reset_begin(&plan, &sensed);
	if (!dev->on_ram || plan.step == LB_RESET_FAILED)
		return 0;
	if (lb_overlayfs_state_write(dev->dir, LB_FS_STATE_RESET_ALL) < 0)
		log_debug("the RAM overlay is full");
	if (lb_turn_take() < 0) {
		log_err("mount_root is moving the settings to the flash and does not end: try again later");
		return LB_E(BUSY);
	}
	lb_resetdev_closep(dev);
	*dev = (struct lb_resetdev)LB_RESETDEV_CLOSED;
	if (open_device(dev) < 0)
		return LB_E(IO);
	if (!dev->elsewhere[0])
		return 0;
	log_err("%s is still mounted at %s: unmount it first", dev->device, dev->elsewhere);
	return LB_E(BUSY);
}

/* What was refused must not keep the settings in RAM. */
static void withdraw(const struct lb_resetdev *dev)
{
	if (dev->on_ram && lb_overlayfs_state_write(dev->dir, LB_FS_STATE_UNKNOWN) < 0)
		log_debug("the RAM overlay is full");
}

static int carry_out(const struct lb_board *board, struct lb_resetdev *dev,
		     const struct lb_stick *stick, const struct options *o)
{
	const struct lb_reset_sense sensed = sense(dev, stick, o);
	struct lb_reset_result result = {.at_s = (uint64_t)time(NULL)};
	const uint64_t began_ms = lb_monotonic_ms();
	struct lb_reset_report report;
	struct plat_reset plat;
	int rc;

	dev->record_request = record_request;
	dev->record_ctx = (void *)board;
	plat = lb_resetdev_plat(dev);
	if (!o->erase)
		say_what_comes(dev);
	rc = reset_both(&plat, &sensed, stick, &report);
	if (!report.committed)
		withdraw(dev);
	result.outcome = report.committed ? LB_RESET_COMMITTED : LB_RESET_REFUSED;
	result.why = (uint8_t)report.why;
	result.took_ms = (uint32_t)(lb_monotonic_ms() - began_ms);
	result.entries = report.entries;
	if (lb_record_change(board, set_result, &result) < 0)
		log_debug("this board keeps no record of the reset");
	if (report.why != LB_RESET_WHY_NOTHING)
		log_err("%s", lb_reset_why_text(report.why));
	if (report.committed && !report.deleted)
		log_info("the overlay on %s will be erased on next mount", dev->disk);
	if (report.deleted && o->erase)
		log_info("the overlay on %s was overwritten in %u ms", dev->disk, result.took_ms);
	else if (report.deleted)
		log_info("%llu entries deleted in %u ms", (unsigned long long)report.entries,
			 result.took_ms);
	if (rc == 0)
		return LB_EXIT_OK;
	return report.committed ? LB_EXIT_SYSTEM : LB_EXIT_NO;
}

/* Asked of init first; when the root has been erased below it, of the kernel. */
static int restart(bool at_once)
{
	const char *const argv[] = {"reboot", NULL};

	sync();
	if (!at_once && lb_program_run(argv, false) == 0)
		return LB_EXIT_OK;
	(void)reboot(RB_AUTOBOOT);
	log_err("the reboot failed: %s", strerror(errno));
	return LB_EXIT_SYSTEM;
}

/* A root without overlay: all of it is what the owner has changed. */
static int reset_root(const struct lb_board *board, const struct options *o)
{
	CLEANUP(lb_root_reset_closep) struct lb_root_reset r = LB_ROOT_RESET_CLOSED;

	if (board->subvolume[0]) {
		log_err("this root has snapshots instead of an overlay: 'lifeboat snapshot rollback factory' goes back to "
			"the state of a new installation; nothing was reset");
		return LB_EXIT_NO;
	}
	if (!board->factory_image[0]) {
		log_err("this root has no overlay to reset: it is not squashfs or EROFS, and this board keeps no "
			"factory image to start over from");
		return LB_EXIT_NO;
	}
	if (o->keep) {
		log_err("-k keeps a file of the overlay, and this root has none: it would be written anew as a "
			"whole; leave -k out");
		return LB_EXIT_NO;
	}
	if (lb_root_reset_open(&r, board) < 0)
		return LB_EXIT_NO;
	if (o->dry_run) {
		lb_root_reset_show(&r, board);
		return LB_EXIT_OK;
	}
	if ((!o->yes && !confirmed()) || lb_root_reset_ask(&r, board) < 0)
		return LB_EXIT_NO;
	return o->reboot ? restart(false) : LB_EXIT_OK;
}

int applet_factoryreset(int argc, char **argv)
{
	CLEANUP(lb_resetdev_closep) struct lb_resetdev dev = LB_RESETDEV_CLOSED;
	struct options o = {0};
	struct lb_stick stick;
	struct lb_board board;
	int wrong = parse_options(argc, argv, &o);
	int code, rc;

	if (wrong > 0) {
		(void)fprintf(
			stderr,
			"%s: '%s' is not known; 'lifeboat factoryreset --help' lists what is\n",
			argv[0], argv[wrong]);
		return LB_EXIT_USAGE;
	}
	lb_board_for_this_machine(&board, NULL);
	rc = open_device(&dev);
	if (rc == LB_E(UNSUP) && !dev.disk[0])
		return reset_root(&board, &o);
	if (rc < 0)
		return LB_EXIT_NO;
	lb_stick_open(&stick);
	if (o.dry_run)
		return show(&dev, &stick, o.keep);
	if (!o.yes && !confirmed())
		return LB_EXIT_NO;
	if (overtake(&dev, &stick, &o) < 0)
		return LB_EXIT_NO;
	code = carry_out(&board, &dev, &stick, &o);
	if (o.reboot && code != LB_EXIT_NO)
		return restart(o.erase && dev.mounted);
	return code;
}
