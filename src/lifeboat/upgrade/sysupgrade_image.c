/* sysupgrade IMAGE: everything that can be refused is refused before anything is written. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/board_file.h"
#include "lifeboat/snapshot/snapshot_auto.h"
#include "lifeboat/upgrade/safe_copy.h"
#include "lifeboat/upgrade/sysupgrade.h"
#include "lifeboat/upgrade/sysupgrade_check.h"
#include "lifeboat/upgrade/sysupgrade_write.h"
#include "lifeboat/upgrade/upgrade.h"
#include "lifeboat/upgrade/upgrade_tell.h"
#include "plat/linux/machine/proc.h"

#define IMAGE_COPY "/tmp/sysupgrade.img" /* OpenWrt's names of both */
#define ARCHIVE	   "/tmp/" LB_OVERLAY_ARCHIVE

/* A descriptor, or minus the exit code. */
static int open_image(const struct lb_sysupgrade *o)
{
	int fd;

	if (strstr(o->image, "://")) {
		log_err("%s is an address: nothing would prove what comes from there; download it, "
			"and its hash as NAME.sha256 beside it, or write 'wget -O - ADDRESS | "
			"sysupgrade -'",
			o->image);
		return -LB_EXIT_NO;
	}
	fd = strcmp(o->image, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					: open(o->image, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	log_err("%s cannot be opened: %s", o->image, strerror(errno));
	return errno == ENOENT ? -LB_EXIT_NO : -LB_EXIT_SYSTEM;
}

static bool asked(const char *question, bool preset)
{
	char answer[16];

	(void)fprintf(stderr, "%s (%s): ", question, preset ? "Y/n" : "y/N");
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	return answer[0] == '\n' ? preset : answer[0] == 'y' || answer[0] == 'Y';
}

/* What -i asks. false: it ends here. */
static bool interview(struct lb_sysupgrade *o)
{
	if (!o->interactive)
		return true;
	if (!o->drop && !o->archive)
		o->drop = !asked("Keep config files over reflash", true);
	return asked("Install the image now", false);
}

/* In rescue, after an upgrade that was cut off: what it was to keep. */
static const char *found_settings(const struct lb_sysupgrade *o)
{
	if (access(LB_SAFE_FOUND, F_OK) < 0)
		return NULL;
	if (!o->drop)
		lb_sysupgrade_say(o, "The settings of the upgrade that was cut off go along.");
	return LB_SAFE_FOUND;
}

/* The archive that the new system gets; "" with -n. */
static int save_settings(const struct lb_sysupgrade *o, const struct lb_board *board,
			 const char **archive)
{
	const char *given = o->archive ? o->archive : found_settings(o);
	int code;

	*archive = "";
	if (o->drop)
		return LB_EXIT_OK;
	lb_upgrade_tell("saving the settings", -1);
	code = lb_sysupgrade_no_reset(board);
	if (code == LB_EXIT_OK)
		code = given ? lb_sysupgrade_check_archive(given)
			     : lb_sysupgrade_has_settings(board);
	if (code == LB_EXIT_OK)
		code = given ? lb_sysupgrade_copy(given, ARCHIVE)
			     : lb_sysupgrade_create(o, ARCHIVE);
	if (code == LB_EXIT_OK)
		*archive = ARCHIVE;
	else if (!given)
		log_err("nothing was changed: without settings the upgrade goes with -n");
	return code;
}

/* Asked of init first. */
static int restart(const struct lb_sysupgrade *o)
{
	const char *const argv[] = {"reboot", NULL};

	sync();
	if (!o->reboot) {
		lb_sysupgrade_say(o, "The next boot tries the new system.");
		return LB_EXIT_OK;
	}
	lb_sysupgrade_say(o, "Rebooting system...");
	if (lb_program_run(argv, false) == 0)
		return LB_EXIT_OK;
	(void)reboot(RB_AUTOBOOT);
	log_err("the reboot failed: %s; the next boot tries the new system", strerror(errno));
	return LB_EXIT_SYSTEM;
}

/* There is only one place: nothing is written before nothing else runs any more. */
static int upgrade_root(const struct lb_sysupgrade *o, const struct lb_board *board,
			const char *image, const char *archive)
{
	struct lb_upgrade_job job = {.forced = o->force, .ignore_minor = o->ignore_minor};
	char why[LB_SENTENCE_MAX], real[PATH_MAX];

	if (!realpath(image, real) ||
	    snprintf(job.image, sizeof(job.image), "%s", real) >= (int)sizeof(job.image)) {
		log_err("the path of %.100s is too long", image);
		return LB_EXIT_NO;
	}
	(void)snprintf(job.settings, sizeof(job.settings), "%s", archive);
	lb_sysupgrade_say(
		o, "The system is stopped and written anew: the console says how far it is.");
	if (lb_upgrade_hand_over(board, &job, why) < 0)
		log_err("%s; nothing was changed", why);
	return LB_EXIT_SYSTEM;
}

static int upgrade(const struct lb_sysupgrade *o, const struct lb_board *board, int fd,
		   const struct lb_slots *slots)
{
	const bool piped = strcmp(o->image, "-") == 0;
	const char *archive;
	int code;

	/* With a second slot a pipe is written as it comes, and checked on the way. */
	code = piped && slots ? LB_EXIT_OK : lb_sysupgrade_check(o, board, fd);
	if (code == LB_EXIT_OK)
		code = save_settings(o, board, &archive);
	if (code != LB_EXIT_OK)
		return code;
	(void)signal(SIGHUP, SIG_IGN); /* the connection may go, the upgrade goes on */
	(void)signal(SIGPIPE, SIG_IGN);
	lb_snapshot_before_update(board);
	if (!slots)
		return upgrade_root(o, board, piped ? IMAGE_COPY : o->image, archive);
	return lb_sysupgrade_write_slot(o, board, fd, archive, slots);
}

static int upgrade_told(const struct lb_sysupgrade *o, const struct lb_board *board, int fd,
			const struct lb_slots *slots)
{
	int code;

	lb_upgrade_tell_begin();
	code = upgrade(o, board, fd, slots);
	lb_upgrade_tell_end(code);
	return code == LB_EXIT_OK ? restart(o) : code;
}

/* NULL: this board has only one place for a system. */
static int read_slots(const struct lb_board *board, struct lb_slots *out,
		      const struct lb_slots **slots)
{
	int rc = lb_slots_read(board, out);

	*slots = rc == 0 ? out : NULL;
	if (rc == 0 || rc == LB_E(NOENT))
		return LB_EXIT_OK;
	log_err("what is known of the two slots cannot be read: it %s; see lifeboat slot",
		lb_strerror(rc));
	return LB_EXIT_SYSTEM;
}

static const char *refusal(const struct lb_sysupgrade *o, const struct lb_slots *slots)
{
	if (slots && o->stay)
		return "-s would write over the system that runs: leave it away, and the other slot is written";
	if (!slots && !o->reboot)
		return "--no-reboot needs a second slot: here the upgrade itself is a reboot";
	return NULL;
}

static int upgrade_alone(struct lb_sysupgrade *o, const struct lb_board *board, int fd)
{
	static struct lb_slots state;
	const struct lb_slots *slots;
	int code = read_slots(board, &state, &slots);

	if (code != LB_EXIT_OK)
		return code;
	if (refusal(o, slots)) {
		log_err("%s", refusal(o, slots));
		return LB_EXIT_NO;
	}
	CLEANUP(lb_fd_closep)
	int lock = open(LB_SYSUPGRADE_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0) {
		log_err("%s: is another sysupgrade at work?",
			lock < 0 ? "there is no /run" : "it is busy");
		return LB_EXIT_SYSTEM;
	}
	if (strcmp(o->image, "-") == 0 && !slots) {
		CLEANUP(lb_fd_closep) int copy = lb_sysupgrade_spool(fd, IMAGE_COPY);

		return copy < 0 ? LB_EXIT_SYSTEM : upgrade_told(o, board, copy, slots);
	}
	return interview(o) ? upgrade_told(o, board, fd, slots) : LB_EXIT_NO;
}

int lb_sysupgrade_image(const struct lb_sysupgrade *options)
{
	struct lb_sysupgrade o = *options;
	static struct lb_board board;
	CLEANUP(lb_fd_closep) int fd = open_image(&o);

	if (fd < 0)
		return -fd;
	lb_board_for_this_machine(&board, NULL);
	return o.test ? lb_sysupgrade_check(&o, &board, fd) : upgrade_alone(&o, &board, fd);
}
