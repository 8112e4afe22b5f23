/* lifeboat panel: the buttons of the running system. A daemon in the foreground, for the system's
 * init to start and to start again. Needs no overlay: the board file, /run, evdev and sysfs. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "lifeboat/running/watch.h"
#include "lifeboat/running/weekly.h"
#include "lifeboat/status_file.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/led_loan.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/proc.h"

#define LOCK_FILE     LB_RUN_DIR "/panel.lock"
#define EXIT_NOT_HERE 127
#define SYNC_MS	      1000 /* who resets at once does not wait for a disk that hangs */

static struct panel {
	struct lb_board board;
	struct lb_machine machine;
	struct lb_led_loan loan;
	bool was_running; /* when the LEDs were taken */
	struct lb_weekly weekly;
} panel;

static bool is_running(void)
{
	struct lb_status s;

	return lb_status_load(&s) == 0 && s.state == LB_STATE_RUNNING;
}

static void take_leds(void *unused)
{
	panel.was_running = is_running();
	lb_leds_borrow(&panel.machine.leds, &panel.loan,
		       (const char(*)[LB_NAME_MAX])panel.board.leds);
}

static void give_leds_back(void *unused)
{
	struct lb_leds *leds = &panel.machine.leds;
	bool came_up = !panel.was_running && is_running();

	lb_leds_return(leds, &panel.loan);
	if (!came_up)
		return;
	/* What the LEDs did before is over: the system came up while they were ours. */
	lb_leds_open(leds, (const char(*)[LB_NAME_MAX])panel.board.leds, LB_ROLE_RUNNING);
	lb_leds_close(leds);
}

static int exec_program(const char *const argv[])
{
	char path[LB_PATH_MAX];

	if (lb_program_find(argv[0], path, sizeof(path)) < 0)
		return EXIT_NOT_HERE;
	(void)execv(path, (char *const *)argv);
	return EXIT_NOT_HERE;
}

/* The words that scripts for OpenWrt's /etc/rc.button go by. */
static void set_environment(const struct lb_button *button, uint64_t held_ms)
{
	char seen[24];

	(void)snprintf(seen, sizeof(seen), "%" PRIu64, held_ms / 1000);
	(void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	(void)setenv("BUTTON", button->name, 1);
	(void)setenv("ACTION", "released", 1);
	(void)setenv("SEEN", seen, 1);
}

/* No service is asked, and what the kernel has of files is written only if that is quick. */
static int reset_at_once(void)
{
	const uint64_t until_ms = lb_monotonic_ms() + SYNC_MS;
	const pid_t pid = lb_fork();

	if (pid == 0) {
		sync();
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0 && lb_monotonic_ms() < until_ms)
		(void)usleep(10000);
	(void)reboot(RB_AUTOBOOT);
	return LB_EXIT_SYSTEM;
}

static void reset_here(void *unused)
{
	(void)reset_at_once();
}

/* In the child. */
static int run_deed(const struct lb_deed *deed)
{
	const char *const reboot[] = {"reboot", NULL};
	const char *const poweroff[] = {"poweroff", NULL};
	const char *const reset[] = {"lifeboat", "factoryreset", "-y", "-r", NULL};
	const char *const command[] = {"sh", "-c", deed->command, NULL};

	switch (deed->action) {
	case LB_ACTION_REBOOT:
		return exec_program(reboot);
	case LB_ACTION_POWEROFF:
		return exec_program(poweroff);
	case LB_ACTION_FACTORY_RESET:
		return exec_program(reset);
	case LB_ACTION_RUN:
		return exec_program(command);
	case LB_ACTION_RESET:
		return reset_at_once();
	case LB_ACTION_NONE:
	case LB_ACTION_COUNT:
		break;
	}
	return LB_EXIT_OK;
}

static int begin(void *unused, const struct lb_deed *deed, const struct lb_button *button,
		 uint64_t held_ms)
{
	pid_t pid = lb_fork();
	int null;

	if (pid != 0)
		return pid > 0 ? pid : lb_err_from_errno(errno);
	/* Neither the end of the panel nor a Ctrl-C for it may stop a reset half way. */
	(void)setsid();
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null >= 0)
		(void)dup2(null, STDIN_FILENO);
	set_environment(button, held_ms);
	_exit(run_deed(deed));
}

static int start_weekly(void *unused, bool quiet)
{
	pid_t pid = lb_fork();
	int null;

	if (pid != 0)
		return pid > 0 ? pid : lb_err_from_errno(errno);
	(void)setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO); /* which one it made is for people who ask */
	}
	(void)execl("/proc/self/exe", "lifeboat", "snapshot", "auto", "weekly",
		    quiet ? "-q" : (char *)NULL, (char *)NULL);
	_exit(EXIT_NOT_HERE);
}

static uint64_t tick(void *unused, uint64_t now_ms)
{
	return lb_weekly_tick(&panel.weekly, now_ms);
}

static void ended(void *unused, int pid, int status)
{
	lb_weekly_ended(&panel.weekly, pid, status);
}

/* Two of them would do everything twice. The descriptor stays open as long as this process. */
static int lock(void)
{
	CLEANUP(lb_fd_closep) int fd = -1;
	int rc = lb_dir_make(LB_RUN_DIR, 0755);

	if (rc < 0)
		return rc;
	fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? LB_E(BUSY) : lb_err_from_errno(errno);
	(void)lb_fd_take(&fd);
	return 0;
}

/* Say which buttons there are, and which the board file only names. */
static void introduce(const struct lb_board *board, const struct lb_inputs *in)
{
	char names[LB_SENTENCE_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < board->button_count; i++) {
		const char *name = board->buttons[i].name;

		if (in->owner[i] < 0) {
			log_warn("this machine has no button '%s': going on without it", name);
			continue;
		}
		(void)snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", name);
		used = strlen(names);
	}
	log_info("buttons that are watched: %s", used ? names : "none");
}

static void prepare(void)
{
	struct lb_machine *m = &panel.machine;
	char why[LB_SENTENCE_MAX];

	lb_board_for_this_machine(&panel.board, why);
	if (why[0])
		log_err("%s", why);
	m->watchdog = -1;
	m->lan.socket = -1;
	for (int role = 0; role < LB_ROLE_COUNT; role++)
		m->leds.brightness[role] = -1;
	lb_inputs_open(&m->inputs, panel.board.buttons, panel.board.button_count);
}

int applet_panel(int argc, char **argv)
{
	struct lb_machine *m = &panel.machine;
	struct lb_watch_hands hands = {.begin = begin,
				       .reset_here = reset_here,
				       .take_leds = take_leds,
				       .give_leds_back = give_leds_back};
	struct plat p;
	int rc;

	if (argc > 1) {
		(void)fprintf(stderr, "lifeboat panel: takes no argument, not '%s'\n", argv[1]);
		return LB_EXIT_USAGE;
	}
	rc = lock();
	if (rc == LB_E(BUSY)) {
		log_err("the buttons are watched already: another lifeboat panel is running");
		return LB_EXIT_NO;
	}
	if (rc < 0) {
		log_err("the buttons cannot be watched: " LOCK_FILE " %s", lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	prepare();
	rc = lb_machine_start(m);
	if (rc < 0) {
		log_err("the buttons cannot be watched: the event loop %s", lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	introduce(&panel.board, &m->inputs);
	p = lb_machine_plat(m);
	if (panel.board.snapshot_weekly && panel.board.subvolume[0]) {
		panel.weekly.start = start_weekly;
		lb_weekly_begin(&panel.weekly, p.now_ms(p.ctx));
		hands.tick = tick;
		hands.ended = ended;
	}
	lb_watch(&p, &hands, panel.board.buttons, panel.board.button_count, panel.board.debounce_ms,
		 lb_inputs_held(&m->inputs));
	lb_machine_stop(m);
	lb_inputs_close(&m->inputs);
	return LB_EXIT_OK;
}
