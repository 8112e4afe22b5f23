#include "lifeboat/upgrade/sysupgrade_write.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "image/rootfs.h"
#include "install/install.h"
#include "install/source.h"
#include "lifeboat/record_io.h"
#include "lifeboat/root/mount_root.h"
#include "lifeboat/ubi_place.h"
#include "lifeboat/upgrade/stage.h"
#include "lifeboat/upgrade/sysupgrade_check.h"
#include "lifeboat/upgrade/upgrade_tell.h"
#include "plat/linux/disk/target.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/storage/overlayfs.h"

/* What the running system needs besides, as the image lies in RAM. */
#define SPARE_BYTES (16ull * 1024 * 1024)

/* --- settings */

static int say_no_settings(const char *why)
{
	log_err("%s: save them with -b if you want them, and upgrade with -n, or with -f and an archive",
		why);
	return LB_EXIT_NO;
}

int lb_sysupgrade_no_reset(const struct lb_board *board)
{
	static struct lb_record record;

	if (lb_record_read(board, &record) < 0 || (record.overlay != LB_RECORD_OVERLAY_RESET &&
						   record.overlay != LB_RECORD_OVERLAY_RESET_KEEP))
		return LB_EXIT_OK;
	log_err("the next boot carries out a factory reset, which would take the new system's settings: reboot "
		"first, or upgrade with -n");
	return LB_EXIT_NO;
}

int lb_sysupgrade_has_settings(const struct lb_board *board)
{
	struct lb_mount root, overlay;
	int rc = lb_mount_at(&root, "/");

	if (rc == 0 && lb_rootfs_is_readonly(root.fs)) {
		if (lb_mount_root_start(board, true) != LB_EXIT_OK)
			return say_no_settings("the overlay with the settings cannot be mounted");
		rc = lb_mount_at(&root, "/");
	}
	if (rc < 0 || lb_root_is_initramfs())
		return say_no_settings(
			"this system runs from RAM and has no settings that could be kept");
	if (strcmp(root.fs, "overlay") != 0)
		return say_no_settings(
			"the settings of a root without overlay cannot be put into another");
	if (lb_mount_at(&overlay, LB_OVERLAY_DIR) == 0 && strcmp(overlay.fs, "tmpfs") == 0)
		return say_no_settings(
			"the settings are in RAM, and not those on the flash or disk (see lifeboat status)");
	return LB_EXIT_OK;
}

/* --- copies */

static uint64_t available_bytes(void)
{
	CLEANUP(lb_file_closep) FILE *f = fopen("/proc/meminfo", "re");
	uint64_t kib = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			break;
	return kib * 1024;
}

/* LB_E(NOSPC): less than SPARE_BYTES of memory would be left. */
static int copy(int from, int to)
{
	static uint8_t buf[65536];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lb_err_from_errno(errno);
		if (available_bytes() < SPARE_BYTES)
			return LB_E(NOSPC);
		if (write(to, buf, (size_t)n) != n)
			return LB_E(NOSPC);
	}
	return 0;
}

int lb_sysupgrade_copy(const char *from, const char *to)
{
	CLEANUP(lb_fd_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
	CLEANUP(lb_fd_closep) int out = -1;
	struct stat a, b;
	int rc;

	if (in >= 0 && fstat(in, &a) == 0 && stat(to, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino)
		return LB_EXIT_OK;
	(void)unlink(to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	rc = in < 0 || out < 0 ? lb_err_from_errno(errno) : copy(in, out);
	if (rc == 0)
		return LB_EXIT_OK;
	(void)unlink(to);
	log_err("%s cannot be copied to %s: it %s", from, to, lb_strerror(rc));
	return LB_EXIT_SYSTEM;
}

int lb_sysupgrade_spool(int fd, const char *to)
{
	int rc;

	(void)unlink(to);
	CLEANUP(lb_fd_closep)
	int out = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	rc = out < 0 ? lb_err_from_errno(errno) : copy(fd, out);
	if (rc == 0 && lseek(out, 0, SEEK_SET) == 0)
		return lb_fd_take(&out);
	(void)unlink(to);
	if (rc == LB_E(NOSPC))
		log_err("the image does not fit into RAM: put it on a USB stick, and name that file");
	else
		log_err("the image cannot be kept in %s: it %s", to, lb_strerror(rc));
	return rc < 0 ? rc : LB_E(IO);
}

/* --- a second slot */

struct slot_work {
	const struct lb_sysupgrade *o;
	const struct lb_board *board;
	int slot;
	enum lb_install_phase said;
};

static int note_begin(void *ctx)
{
	const struct slot_work *w = ctx;

	return lb_slots_mark_writing(w->board, w->slot);
}

static void tell(void *ctx, enum lb_install_phase phase, uint64_t done_bytes, uint64_t total_bytes)
{
	static const char *const names[] = {[LB_INSTALL_VERIFY] = "Checking the image...",
					    [LB_INSTALL_WRITE] = "Writing the image...",
					    [LB_INSTALL_READ_BACK] = "Reading it back..."};
	static const char *const steps[] = {[LB_INSTALL_VERIFY] = "checking the image",
					    [LB_INSTALL_WRITE] = "writing",
					    [LB_INSTALL_READ_BACK] = "reading back"};
	struct slot_work *w = ctx;

	lb_upgrade_tell(steps[phase], total_bytes ? (int)(done_bytes * 100 / total_bytes) : -1);
	if (phase != w->said && phase != LB_INSTALL_VERIFY)
		lb_sysupgrade_say(w->o, "%s", names[phase]);
	w->said = phase;
}

static int tell_end(const struct slot_work *w, const struct lb_install_report *r,
		    const struct lb_verified *found, const char *name)
{
	if (r->end == LB_INSTALL_DONE) {
		log_err("%s", r->why);
		return LB_EXIT_SYSTEM;
	}
	if (r->end == LB_INSTALL_REFUSED && r->refusal != LB_REFUSAL_COUNT)
		return lb_sysupgrade_judge(w->o, &found->verdict);
	log_err("slot %s was not written: %s; the system that runs is as it was", name, r->why);
	return r->end == LB_INSTALL_REFUSED ? LB_EXIT_BROKEN : LB_EXIT_SYSTEM;
}

static int install(struct slot_work *w, int fd, const char *root, const char *name)
{
	static struct lb_target target, kernel;
	static struct lb_verified found;
	const char *kernel_place = lb_source_is_archive(fd) ? w->board->slots[w->slot].kernel : "";
	struct lb_install_report report;
	struct plat_target plat, kernel_plat;
	char why[LB_SENTENCE_MAX];
	struct lb_install_ask ask = {.image = lb_sysupgrade_ask(w->o, w->board, fd),
				     .verified = &found,
				     .target = &plat,
				     .kernel = kernel_place[0] ? &kernel_plat : NULL,
				     .clear_rest = true,
				     .force = w->o->force,
				     .ctx = w,
				     .begin = note_begin,
				     .progress = tell};
	/* The old root must not outlast the new kernel. */
	int rc = lb_target_open(&target, &plat, root,
				kernel_place[0] ? 0 : lb_ubi_place_flags(w->board, root), why);

	lb_target_none(&kernel);
	if (rc == 0 && kernel_place[0] &&
	    (rc = lb_target_open(&kernel, &kernel_plat, kernel_place,
				 lb_ubi_place_flags(w->board, kernel_place), why)) < 0)
		lb_target_closep(&target);
	if (rc < 0) {
		log_err("slot %s cannot be written: %s; nothing was changed", name, why);
		return LB_EXIT_SYSTEM;
	}
	rc = lb_install_run(&report, &ask);
	lb_target_closep(&kernel);
	lb_target_closep(&target);
	return rc == 0 ? LB_EXIT_OK : tell_end(w, &report, &found, name);
}

int lb_sysupgrade_write_slot(const struct lb_sysupgrade *o, const struct lb_board *board, int fd,
			     const char *archive, const struct lb_slots *slots)
{
	struct slot_work w = {.o = o, .board = board, .slot = lb_slots_other(slots)};
	const char *name = slots->slot[w.slot].name, *root = slots->slot[w.slot].root;
	char why[LB_SENTENCE_MAX];
	int rc, code;

	lb_sysupgrade_say(o, "The image goes to slot %s.", name);
	code = install(&w, fd, root, name);
	if (code != LB_EXIT_OK)
		return code;
	lb_sysupgrade_say(o, archive[0] ? "Passing on the settings..." : "No settings are kept.");
	lb_upgrade_tell("passing on the settings", -1);
	if (lb_stage_settings(board, root, archive, why) < 0) {
		log_err("%s; slot %s is not booted, the system that runs is as it was", why, name);
		return LB_EXIT_SYSTEM;
	}
	rc = lb_slots_mark_try(board, w.slot);
	if (rc < 0) {
		log_err("that slot %s is to be tried cannot be written down: it %s; the system that "
			"runs is as it was",
			name, lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	lb_sysupgrade_say(o,
			  "Slot %s is whole, and is tried %u times; then this system comes back.",
			  name, board->slot_tries);
	return LB_EXIT_OK;
}
