#include "lifeboat/upgrade/upgrade_init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/announce.h"
#include "lifeboat/board_file.h"
#include "lifeboat/progress.h"
#include "lifeboat/record_io.h"
#include "lifeboat/status_file.h"
#include "lifeboat/upgrade/upgrade.h"
#include "lifeboat/upgrade/upgrade_work.h"
#include "panel/led.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/machine/watchdog.h"
#include "plat/linux/storage/ram_root.h"

#define ASK_MS	1000 /* before whoever has not ended is made to */
#define KILL_MS 20000
#define LOOK_MS 100

static struct lb_machine machine;
static struct lb_board board;
static struct plat plat;
static struct lb_upgrade_work work;
static struct lb_status status;
static struct lb_progress progress = {
	.machine = &machine, .board = &board, .status = &status, .alone = true};

bool lb_upgrade_is_wanted(void)
{
	return access(LB_UPGRADE_JOB_FILE, F_OK) == 0;
}

/* A job is for one PID 1: should this one end, the next boot must not find it. It cannot, /run is
 * RAM. */
static int read_job(char *why)
{
	char text[LB_UPGRADE_JOB_MAX + 1];
	int fd = open(LB_UPGRADE_JOB_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int rc = n < 0 ? LB_E(IO) : lb_upgrade_job_parse(&work.job, text, (size_t)n);

	lb_fd_closep(&fd);
	(void)unlink(LB_UPGRADE_JOB_FILE);
	if (rc < 0)
		(void)snprintf(why, LB_SENTENCE_MAX, LB_UPGRADE_JOB_FILE " %s", lb_strerror(rc));
	return rc;
}

/* Who this is, as the boot gate has found out. */
static void read_status(void)
{
	if (lb_status_load(&status) < 0) {
		(void)snprintf(status.board, sizeof(status.board), "%s", board.id);
		(void)snprintf(status.board_name, sizeof(status.board_name), "%s", board.name);
	}
	status.detail[0] = '\0';
}

static void prepare(void)
{
	struct lb_machine *m = &machine;

	lb_stdio_open();
	lb_consoles_open(&m->consoles);
	lb_log_set_sink(lb_consoles_log, &m->consoles);
	lb_board_for_this_machine(&board, NULL);
	m->watchdog = lb_watchdog_adopt(board.watchdog, board.watchdog_timeout_s);
	lb_leds_open(&m->leds, (const char(*)[LB_NAME_MAX])board.leds, LB_ROLE_COUNT);
	m->lan.socket = -1;
	m->announcer = lb_announce_status;
	m->announcer_ctx = &status;
	read_status();
	if (lb_machine_start(m) < 0)
		log_err("events cannot be had: going on without");
	plat = lb_machine_plat(m);
}

/* --- everybody else ends */

static bool wait_until_alone(uint64_t wait_ms, bool by_force)
{
	const uint64_t began_ms = plat.now_ms(plat.ctx);
	uint64_t now_ms = began_ms, edge_ms;
	struct lb_process other;
	struct plat_event ev;

	while (lb_processes_count("/proc", &other) > 0) {
		if (now_ms > began_ms + wait_ms)
			return false;
		if (by_force)
			(void)kill(-1, SIGKILL); /* again: what was forked meanwhile */
		plat.led(plat.ctx, LB_ROLE_BOOT,
			 lb_led_level(LB_LED_WRITING, began_ms, now_ms, &edge_ms));
		plat.wait(plat.ctx, now_ms + LOOK_MS, &ev);
		now_ms = plat.now_ms(plat.ctx);
	}
	return true;
}

static int end_all(char *why)
{
	struct lb_process other;
	unsigned count;

	(void)kill(-1, SIGTERM);
	(void)kill(-1, SIGHUP); /* interactive shells ignore SIGTERM */
	if (wait_until_alone(ASK_MS, false) || wait_until_alone(KILL_MS, true))
		return 0;
	count = lb_processes_count("/proc", &other);
	if (count == 0)
		return 0;
	(void)snprintf(why, LB_SENTENCE_MAX,
		       "%u process%s cannot be ended, among them %s (%d); nothing was written",
		       count, count == 1 ? "" : "es", other.name, other.pid);
	return LB_E(BUSY);
}

/* --- and the end */

static _Noreturn void reboot_now(void)
{
	sync();
	lb_machine_fall_silent(&machine);
	(void)reboot(RB_AUTOBOOT);
	log_err("the kernel does not reboot (%s): switch off and on by hand", strerror(errno));
	for (;;)
		(void)pause(); /* nobody feeds the watchdog any more */
}

/* Half an upgrade stays one until it is whole. */
static enum lb_upgrade_stage stage_before(void)
{
	static struct lb_record record;

	return lb_record_read(&board, &record) == 0 && record.upgrade.stage >= LB_UPGRADE_BEGUN
		       ? LB_UPGRADE_BEGUN
		       : LB_UPGRADE_NONE;
}

static int carry_out(enum lb_upgrade_outcome *outcome, char *why)
{
	int rc = read_job(why);

	work.board = &board;
	work.progress = &progress;
	work.stage = stage_before();
	if (rc == 0)
		rc = end_all(why);
	if (rc == 0) {
		lb_progress_begin(&progress, LB_WORK_UPGRADE);
		lb_progress_step(&progress, "leaving the root", -1);
		rc = lb_ram_root_enter(why);
	}
	if (rc == 0) {
		lb_progress_shows(&progress);
		return lb_upgrade_work(&plat, &work, outcome, why);
	}
	if (work.stage != LB_UPGRADE_NONE)
		return rc;
	/* Nothing was written yet. */
	*outcome = LB_UPGRADE_REFUSED;
	if (lb_upgrade_note_end(&board, *outcome, why) < 0)
		log_warn("the recovery record does not take the result");
	return 0;
}

_Noreturn void lb_upgrade_as_init(void)
{
	enum lb_upgrade_outcome outcome = LB_UPGRADE_OUTCOME_NONE;
	char why[LB_SENTENCE_MAX] = "";
	int rc;

	prepare();
	lb_machine_say_out(&machine,
			   "lifeboat: upgrade: services are being stopped; do not switch off");
	rc = carry_out(&outcome, why);
	lb_machine_last_words(&machine);
	if (rc < 0)
		log_err("upgrade: the root is not whole: %s", why);
	else if (outcome == LB_UPGRADE_COMPLETE)
		plat.say(plat.ctx, "lifeboat: upgrade: complete, rebooting");
	else
		log_err("upgrade: %s: %s", lb_upgrade_outcome_text(outcome), why);
	lb_progress_begin(&progress, LB_WORK_UPGRADE);
	lb_progress_result(&progress, lb_upgrade_result(rc, outcome), why);
	lb_progress_end(&progress);
	reboot_now();
}
