/* The boot gate, PID 1: sense, decide, act. Each stage is one function; main order is at the end of
 * the file. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/announce.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "lifeboat/gate/dialogue.h"
#include "lifeboat/gate/failsafe.h"
#include "lifeboat/gate/menu.h"
#include "lifeboat/gate/mode_result.h"
#include "lifeboat/lan.h"
#include "lifeboat/progress.h"
#include "lifeboat/record_io.h"
#include "lifeboat/reset_result.h"
#include "lifeboat/root/identity.h"
#include "lifeboat/root/mount_root.h"
#include "lifeboat/root/renew.h"
#include "lifeboat/root/root.h"
#include "lifeboat/root/root_subvolume.h"
#include "lifeboat/slots/root_place.h"
#include "lifeboat/slots/slot_boot.h"
#include "lifeboat/slots/slot_guard.h"
#include "lifeboat/slots/slots.h"
#include "lifeboat/status_file.h"
#include "lifeboat/upgrade/upgrade_gate.h"
#include "lifeboat/upgrade/upgrade_init.h"
#include "lifeboat/upgrade/upgrade_result.h"
#include "panel/led.h"
#include "plan/boot.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/modules.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/machine/watchdog.h"
#include "plat/linux/storage/overlayfs.h"
#include "plat/linux/storage/ram_root.h"
#include "plat/linux/storage/takeover.h"

#define OVERLAY_LIMIT_MS (60 * 60 * 1000) /* a check of a very large disk */
#define PANIC_WAIT_S	 10		  /* long enough to read the sentence on a serial console */

/* PID 1 has one of each and no stack to spare. */
static struct gate {
	struct lb_board board;
	char board_why[LB_SENTENCE_MAX]; /* what is wrong with the board file, "" = nothing */
	char cmdline[4096 + 1];		 /* the largest COMMAND_LINE_SIZE of any architecture */
	struct lb_machine machine;
	struct plat plat;
	struct lb_root root;
	struct lb_boot_sense sense;
	struct lb_boot_plan plan;
	struct lb_status status;
	struct lb_progress progress;
	int slot;	 /* the one that was entered, -1 = none */
	bool renewed;	 /* the root was to be written anew */
	unsigned button; /* the one that was pressed */
} gate;

static void kick(void *unused)
{
	lb_watchdog_kick(gate.machine.watchdog);
}

/* The drivers of the record come first in many a list: the boot is counted before the others are
 * loaded. Not where a person may be about to choose a rescue mode, which is no boot that failed. */
static void between_modules(void *unused)
{
	const struct lb_board *b = &gate.board;

	kick(NULL);
	if (b->slot_store == LB_SLOT_STORE_RECORD && b->menu_mode_count == 0 &&
	    lb_root_is_initramfs() && lb_slot_boot_chooses(b, gate.cmdline))
		lb_slot_boot_count(b, &gate.status);
}

/* A boot loader may have armed the watchdog: it is fed as soon as its driver is there. */
static void load_modules(void)
{
	struct lb_machine *m = &gate.machine;
	const struct lb_board *b = &gate.board;

	m->watchdog = -1;
	if (access(b->watchdog, F_OK) == 0)
		m->watchdog = lb_watchdog_open(b->watchdog, b->watchdog_timeout_s);
	between_modules(NULL);
	if (lb_modules_load(b->modules, between_modules, NULL) < 0)
		log_debug("no list of kernel modules: %s", b->modules);
	if (m->watchdog < 0)
		m->watchdog = lb_watchdog_open(b->watchdog, b->watchdog_timeout_s);
}

/* The role whose LED is lit from the beginning, if there is one. */
static enum lb_led_role starts_lit(void)
{
	uint64_t never;

	return lb_led_level(lb_profile_leds[gate.board.profile].start, 0, 0, &never)
		       ? LB_ROLE_BOOT
		       : LB_ROLE_COUNT;
}

/* Stage 1: what everything else stands on. */
static void prepare_machine(void)
{
	struct lb_machine *m = &gate.machine;
	int rc;

	lb_mounts_basic();
	lb_stdio_open();
	lb_consoles_open(&m->consoles);
	lb_log_set_sink(lb_consoles_log, &m->consoles);
	rc = lb_file_read("/proc/cmdline", gate.cmdline, sizeof(gate.cmdline));
	if (rc < 0)
		log_warn("the kernel command line is not heeded: /proc/cmdline %s",
			 lb_strerror(rc));
	if (lb_dir_make(LB_RUN_DIR, 0755) < 0)
		log_err("%s cannot be made: status and failsafe will be incomplete", LB_RUN_DIR);
	lb_board_for_this_machine(&gate.board, gate.board_why);
	if (gate.board_why[0])
		log_err("%s; going on with the built-in defaults, failsafe locked", gate.board_why);
	load_modules();
	lb_inputs_open(&m->inputs, gate.board.buttons, gate.board.button_count);
	lb_leds_open(&m->leds, (const char(*)[LB_NAME_MAX])gate.board.leds, starts_lit());
	m->lan.socket = -1;
	m->announcer = lb_announce_status;
	m->announcer_ctx = &gate.status;
	if (lb_machine_start(m) < 0)
		log_err("events of buttons and consoles cannot be had: only a normal boot is possible");
	gate.plat = lb_machine_plat(m);
}

/* Who this is, for whoever is told how far a work before the boot is. */
static void identify(void)
{
	struct lb_status *s = &gate.status;

	(void)snprintf(s->board, sizeof(s->board), "%s", gate.board.id);
	(void)snprintf(s->board_name, sizeof(s->board_name), "%s", gate.board.name);
	lb_identity_serial(&gate.board, s->serial, sizeof(s->serial));
	lb_identity_address(&gate.board, s->address, sizeof(s->address));
	s->policy = gate.board.failsafe;
	gate.progress =
		(struct lb_progress){.machine = &gate.machine, .board = &gate.board, .status = s};
}

/* What the previous boot left behind. Nothing is written yet: that is done with the decision. */
static void read_record(void)
{
	static struct lb_record record;
	int rc = lb_record_read(&gate.board, &record);

	if (rc == 0) {
		gate.status.boot_count = record.boot_count + 1;
		gate.sense.failsafe_requested = record.request == LB_REQUEST_FAILSAFE;
		lb_reset_sentence(&record.reset, gate.status.last_reset,
				  sizeof(gate.status.last_reset));
		lb_upgrade_sentence(&record.upgrade, gate.status.last_upgrade,
				    sizeof(gate.status.last_upgrade));
		if (!gate.status.last_mode[0])
			lb_mode_tell(&record.rescue, &gate.status);
		if (gate.status.last_upgrade[0] && !(record.upgrade.flags & LB_UPGRADE_TOLD))
			log_warn("%s", gate.status.last_upgrade); /* said on the console, once */
	} else if (rc != LB_E(NOENT))
		log_warn("the recovery record %s", lb_strerror(rc));
}

/* Before anything stands on the root it may have to be written anew. */
static void enter_root_at(const char *place)
{
	struct lb_root *root = &gate.root;
	bool renewed = false;

	if (lb_root_find(root, place, kick, NULL) < 0)
		return;
	if (root->from_initramfs &&
	    (lb_renew_root(&gate.board, &gate.plat, root->disk, &renewed, root->why) < 0 ||
	     lb_upgrade_resume(&gate.board, &gate.plat, &gate.progress, root, root->why) < 0))
		root->kind = LB_ROOT_NONE;
	/* An upgrade may have put the root into another UBI volume. */
	else if (lb_root_find(root, place, kick, NULL) == 0)
		lb_root_enter(root, &gate.board);
	lb_upgrade_settle(&gate.board, &gate.plat, root);
	gate.renewed = gate.renewed || renewed;
}

static int enter_slot(int slot)
{
	enter_root_at(gate.board.slots[slot].root);
	return gate.root.kind == LB_ROOT_NONE ? LB_E(NOENT) : 0;
}

static void enter_root(void)
{
	const struct lb_slot_hands hands = {.enter = enter_slot, .kick = kick};
	char place[LB_PATH_MAX];

	if (lb_root_is_initramfs() && lb_slot_boot_chooses(&gate.board, gate.cmdline)) {
		gate.slot = lb_slot_boot(&gate.board, &gate.status, &hands, gate.root.why);
		if (gate.slot < 0)
			gate.root.kind = LB_ROOT_NONE;
		return;
	}
	lb_root_place(place, &gate.board, gate.cmdline);
	enter_root_at(place);
	gate.slot = lb_slot_boot_look(&gate.board, &gate.status);
}

/* Stage 2: all that the decision needs. */
static void sense(void)
{
	struct lb_status *s = &gate.status;

	enter_root();
	read_record();
	if (gate.renewed)
		log_warn("%s", s->last_reset); /* said on the console, once */
	gate.sense.root = gate.root.kind;
	gate.sense.policy = gate.board.failsafe;
	gate.sense.window_ms = gate.machine.base ? gate.board.window_ms : 0;
	gate.sense.failsafe_switch = lb_cmdline_switch(gate.cmdline, "failsafe");
	if (gate.sense.failsafe_switch == LB_SWITCH_INVALID)
		log_warn("failsafe= on the kernel command line takes 1 or 0: ignored");
	(void)snprintf(s->root_fs, sizeof(s->root_fs), "%s", gate.root.fs);
	s->initramfs = gate.root.from_initramfs;
	(void)snprintf(s->notice, sizeof(s->notice), "%s", gate.board_why);
	s->overlay_used = -1;
}

static void explain_failsafe(void)
{
	struct lb_status *s = &gate.status;

	s->failsafe_available = gate.plan.failsafe_offered;
	if (gate.root.kind == LB_ROOT_NONE)
		(void)snprintf(s->failsafe_why_not, sizeof(s->failsafe_why_not), "%s",
			       gate.root.why);
	else if (gate.root.kind == LB_ROOT_WRITABLE)
		(void)snprintf(
			s->failsafe_why_not, sizeof(s->failsafe_why_not),
			"failsafe is not available here: the root file system is %s, not squashfs with an overlay, "
			"so there is no untouched system to start",
			gate.root.fs);
	else if (gate.board.failsafe == LB_POLICY_OFF)
		(void)snprintf(s->failsafe_why_not, sizeof(s->failsafe_why_not),
			       "failsafe is switched off in the board file");
}

static void lan_up(void)
{
	int rc = lb_lan_up_for(&gate.machine, &gate.board);

	if (rc < 0)
		log_warn("the LAN is not told about the window: no LAN port comes up (it %s)",
			 lb_strerror(rc));
}

/* Stage 3: decide, with the person's help if the plan says so. */
static void decide(void)
{
	struct lb_window_config config = {.window_ms = gate.board.window_ms,
					  .debounce_ms = gate.board.debounce_ms};
	struct lb_window_result result;

	gate.plan = lb_boot_plan(&gate.sense);
	explain_failsafe();
	if (gate.plan.refused || gate.root.kind == LB_ROOT_WRITABLE)
		log_warn("%s", gate.status.failsafe_why_not);
	if (!gate.plan.open_window)
		return;
	gate.status.state = LB_STATE_WINDOW;
	if (lb_status_save(&gate.status) < 0)
		log_warn("the status cannot be written to " LB_STATUS_FILE);
	config.failsafe = gate.plan.failsafe_offered;
	if (config.failsafe)
		lan_up();
	result = lb_dialogue_window(&gate.plat, &config, lb_inputs_held(&gate.machine.inputs),
				    gate.status.failsafe_why_not);
	gate.plan.state = result.state;
	gate.plan.reason = result.reason;
	gate.button = result.button;
	gate.status.debug_level = result.debug_level;
}

static void note_decision(struct lb_record *r, void *line)
{
	r->boot_count = gate.status.boot_count;
	r->request = LB_REQUEST_NONE;
	r->upgrade.flags |= LB_UPGRADE_TOLD;
	if (gate.root.kind != LB_ROOT_NONE) /* nothing of it is missing, or it would not be there */
		r->card_mode = 0;
	r->last_state = (uint8_t)gate.status.state;
	r->last_reason = (uint8_t)gate.status.reason;
	(void)snprintf(line, LB_SENTENCE_MAX, "boot %u: %s, %s: %.180s", r->boot_count,
		       lb_state_name(gate.status.state), lb_reason_name(gate.status.reason),
		       gate.status.detail);
	lb_record_log(r, line);
}

/* Stage 4: write down where this boot goes and why, before it goes there. */
static void publish(enum lb_state state, enum lb_reason reason, const char *detail)
{
	char line[LB_SENTENCE_MAX] = "";
	int rc;

	gate.status.state = state;
	gate.status.reason = reason;
	(void)snprintf(gate.status.detail, sizeof(gate.status.detail), "%s", detail);
	rc = lb_record_change(&gate.board, note_decision, line);
	if (rc < 0 && rc != LB_E(NOENT))
		log_warn("the recovery record cannot be written: it %s", lb_strerror(rc));
	if (lb_status_save(&gate.status) < 0)
		log_warn("the status cannot be written to " LB_STATUS_FILE);
	log_info("%s: %s", lb_state_name(state), detail);
}

static void publish_decision(void)
{
	char detail[LB_SENTENCE_MAX];

	switch (gate.plan.reason) {
	case LB_REASON_BUTTON:
	case LB_REASON_BUTTON_HELD:
		(void)snprintf(detail, sizeof(detail), "the button '%s' was %s",
			       gate.board.buttons[gate.button].name,
			       gate.plan.reason == LB_REASON_BUTTON ? "pressed in the window"
								    : "held from power-on");
		break;
	case LB_REASON_NO_ROOT:
		(void)snprintf(detail, sizeof(detail), "%s", gate.root.why);
		break;
	case LB_REASON_NONE:
	case LB_REASON_WINDOW_OVER:
	case LB_REASON_WINDOW_OFF:
	case LB_REASON_CONSOLE:
	case LB_REASON_CMDLINE:
	case LB_REASON_REQUEST:
	case LB_REASON_UNAVAILABLE:
	case LB_REASON_CONTINUED:
	case LB_REASON_NO_INIT:
	case LB_REASON_MENU:
		(void)snprintf(detail, sizeof(detail), "%s", lb_reason_text(gate.plan.reason));
		break;
	}
	publish(gate.plan.state, gate.plan.reason, detail);
}

/* OpenWrt's words, which scripts wait for. */
static void say_failsafe(void)
{
	char text[LB_SENTENCE_MAX + 32];

	if (gate.plan.reason == LB_REASON_BUTTON || gate.plan.reason == LB_REASON_BUTTON_HELD) {
		(void)snprintf(text, sizeof(text), "- failsafe button %s was pressed -",
			       gate.board.buttons[gate.button].name);
		gate.plat.say(gate.plat.ctx, text);
	}
	gate.plat.say(gate.plat.ctx,
		      gate.plan.state == LB_STATE_RESCUE ? "- rescue -" : "- failsafe -");
	(void)snprintf(text, sizeof(text), "lifeboat: %s", gate.status.detail);
	gate.plat.say(gate.plat.ctx, text);
}

/* `before`: the name that goes with the normal boot again. */
static void name_host(char before[HOST_NAME_MAX + 1])
{
	char name[LB_NAME_MAX + 16];

	if (gethostname(before, HOST_NAME_MAX + 1) < 0)
		before[0] = '\0';
	(void)snprintf(name, sizeof(name), "%s-%s", "lifeboat", lb_state_name(gate.status.state));
	if (sethostname(name, strlen(name)) < 0)
		log_debug("the host name stays");
}

/* Never back into a boot: what was asked for is an end. */
static _Noreturn void leave_for_good(enum lb_leave how)
{
	static const unsigned commands[] = {
		[LB_LEAVE_UPGRADE] = RB_AUTOBOOT,   [LB_LEAVE_REBOOT] = RB_AUTOBOOT,
		[LB_LEAVE_PRESS] = RB_AUTOBOOT,	    [LB_LEAVE_IDLE] = RB_AUTOBOOT,
		[LB_LEAVE_POWEROFF] = RB_POWER_OFF, [LB_LEAVE_HALT] = RB_HALT_SYSTEM};

	kick(NULL);
	sync();
	kick(NULL);
	/* The overlay, if somebody mounted it: its journal ends clean. */
	(void)mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	(void)mount(NULL, LB_OVERLAY_DIR, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	(void)mount(NULL, LB_OVERLAY_INTERNAL_DIR, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	sync();
	lb_machine_fall_silent(&gate.machine);
	(void)reboot((int)commands[how]);
	log_err("the kernel does not do it (%s): switch off by hand", strerror(errno));
	for (;;)
		(void)pause(); /* nobody feeds the watchdog any more: it may yet reset the machine
				*/
}

static void edit_slots(struct lb_slots_state *s, void *edit)
{
	(*(void (**)(struct lb_slots_state *))edit)(s);
}

/* A boot that a person stops is no boot that failed. */
static void tell_slots(void (*edit)(struct lb_slots_state *s))
{
	int rc = gate.slot < 0 ? LB_E(NOENT) : lb_slots_change(&gate.board, edit_slots, &edit);

	if (rc < 0 && rc != LB_E(NOENT))
		log_warn("the state of the slots cannot be stored: it %s", lb_strerror(rc));
}

/* For this program as it was copied into RAM: it leaves this root. */
static _Noreturn void make_way(void)
{
	static char name[] = "lifeboat";
	char *const argv[] = {name, NULL};
	struct lb_machine *m = &gate.machine;
	sigset_t none;

	lb_lan_down(&m->lan);
	lb_machine_stop(m);
	lb_inputs_close(&m->inputs);
	lb_leds_close(&m->leds);
	m->watchdog = lb_watchdog_hand_over(m->watchdog, true);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execv(LB_RAM_PROGRAM, argv);
	log_err(LB_RAM_PROGRAM " cannot be started: %s", strerror(errno));
	leave_for_good(LB_LEAVE_REBOOT);
}

/* Between the machine and the root: a rescue mode needs a root that nobody has mounted. */
static void offer_menu(void)
{
	enum lb_leave how = LB_LEAVE_CONTINUE;

	if (gate.machine.base)
		how = lb_menu_run(&gate.plat, &gate.board, &gate.machine, gate.cmdline,
				  &gate.status);
	if (how == LB_LEAVE_UPGRADE)
		make_way();
	if (how != LB_LEAVE_CONTINUE)
		leave_for_good(how);
}

/* Stage 5a: a person is waited for. Returns when the normal boot is to go on. */
static void wait_for_person(void)
{
	const char *disk = gate.root.disk[0] ? gate.root.disk : NULL;
	char host_name[HOST_NAME_MAX + 1];
	enum lb_leave how;

	lb_leds_set(&gate.machine.leds, LB_ROLE_BOOT, false);
	tell_slots(lb_slots_wait);
	say_failsafe();
	name_host(host_name);
	how = lb_failsafe_run(&gate.machine, &gate.board, &gate.status, disk, NULL);
	if (how == LB_LEAVE_UPGRADE)
		make_way();
	if (how != LB_LEAVE_CONTINUE)
		leave_for_good(how);
	if (sethostname(host_name, strlen(host_name)) < 0)
		log_debug("the host name of failsafe stays");
	/* mount_root may have been run meanwhile. */
	if (lb_status_load(&gate.status) < 0)
		log_warn("what became of the overlay in failsafe is not known");
	tell_slots(lb_slots_go_on);
	publish(LB_STATE_BOOTING, LB_REASON_CONTINUED, lb_reason_text(LB_REASON_CONTINUED));
	gate.plat.say(gate.plat.ctx, "- continuing the normal boot -");
}

/* mkfs and fsck may take minutes: a child does it, PID 1 keeps the watchdog fed and reaps. But not
 * for ever: a disk that hangs must cost the overlay, not the boot. */
static void mount_overlay(void)
{
	const uint64_t until_ms = gate.plat.now_ms(gate.plat.ctx) + OVERLAY_LIMIT_MS;
	struct plat_event ev;
	bool ended = false;
	pid_t pid = lb_fork();

	if (pid == 0)
		_exit(lb_mount_root_start(&gate.board, true));
	if (pid < 0) {
		log_err("the overlay is not mounted: %s", strerror(errno));
		return;
	}
	while (!ended && gate.plat.now_ms(gate.plat.ctx) < until_ms) {
		gate.plat.wait(gate.plat.ctx, until_ms, &ev);
		ended = ev.kind == PLAT_EV_CHILD && ev.pid == pid;
	}
	if (!ended) {
		log_err("mount_root has not ended within %d minutes", OVERLAY_LIMIT_MS / 60000);
		(void)kill(-1, SIGKILL); /* nothing else runs yet */
	}
	if (!ended || !WIFEXITED(ev.status) || WEXITSTATUS(ev.status) != LB_EXIT_OK)
		log_err("the system starts on a root without overlay: nothing can be saved");
}

static void set_environment(void)
{
	char level[16];

	(void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	if (gate.status.debug_level == 0)
		return;
	/* OpenWrt's init reads the variable, its preinit scripts the file. */
	(void)snprintf(level, sizeof(level), "%u", gate.status.debug_level);
	(void)setenv("DBGLVL", level, 1);
	if (lb_file_replace("/tmp/debug_level", level, strlen(level), 0644) < 0)
		log_warn("/tmp/debug_level cannot be written");
}

/* Stage 5b: hand over to the operating system. Returns only when its init cannot be started. */
static void start_system(char **argv)
{
	struct lb_machine *m = &gate.machine;
	sigset_t none;

	lb_lan_down(&m->lan);
	lb_leds_leave(&m->leds, LB_ROLE_BOOT, lb_profile_leds[gate.board.profile].boot);
	mount_overlay();
	set_environment();
	lb_machine_stop(m);
	lb_inputs_close(&m->inputs);
	lb_leds_close(&m->leds);
	m->watchdog = lb_watchdog_hand_over(m->watchdog,
					    gate.board.watchdog_handover == LB_HANDOVER_KEEP);
	lb_slot_guard_start(&gate.board);
	lb_root_subvolume_guard(&gate.root);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	argv[0] = gate.board.init;
	(void)execv(gate.board.init, argv);
	log_err("%s cannot be started: %s", gate.board.init, strerror(errno));
}

/* PID 1 must not end: say why, leave time to read it, start over. */
static _Noreturn void panic(void)
{
	publish(LB_STATE_RESCUE, LB_REASON_NO_INIT,
		"the init of the operating system could not be started");
	log_err("rebooting in %d s", PANIC_WAIT_S);
	for (int s = 0; s < PANIC_WAIT_S; s++) {
		kick(NULL);
		(void)sleep(1);
	}
	leave_for_good(LB_LEAVE_REBOOT);
}

int applet_init(int argc, char **argv)
{
	if (getpid() != 1) {
		(void)fprintf(
			stderr,
			"lifeboat init: runs as PID 1 only: start it as /init of an initramfs, or with "
			"init=/sbin/lifeboat on the kernel command line\n");
		return LB_EXIT_USAGE;
	}
	if (lb_takeover_arrive(argv[0]) || lb_upgrade_is_wanted())
		lb_upgrade_as_init();
	prepare_machine();
	identify();
	offer_menu();
	sense();
	decide();
	publish_decision();
	if (gate.plan.state != LB_STATE_BOOTING)
		wait_for_person();
	start_system(argv);
	panic();
}
