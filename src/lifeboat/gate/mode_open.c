#include "lifeboat/gate/mode_open.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/gate/hostkey.h"
#include "lifeboat/gate/login.h"
#include "lifeboat/lan.h"
#include "panel/led.h"
#include "plat/linux/machine/proc.h"

bool lb_mode_is_open(enum lb_mode mode)
{
	return mode == LB_MODE_SSH || mode == LB_MODE_SHELL;
}

static void fail(struct lb_mode_result *out, enum lb_failure failure, const char *why)
{
	out->failure = failure;
	(void)snprintf(out->why, sizeof(out->why), "%s", why);
}

static bool has_program(const char *name)
{
	char path[LB_PATH_MAX];

	return lb_program_find(name, path, sizeof(path)) == 0;
}

/* In a child. What it makes is there when the doors open. */
static int make_host_key(const struct lb_board *board)
{
	struct lb_login login;
	char fingerprint[LB_NAME_MAX];
	int rc = lb_login_prepare(&login, LB_POLICY_OPEN, NULL);

	if (rc == 0)
		rc = lb_host_key_provide(board, fingerprint);
	return rc == 0 ? LB_EXIT_OK : LB_EXIT_SYSTEM;
}

/* PID 1 waits neither for the program that makes the key nor for the disk of the record: the LED
 * goes on. */
static enum lb_failure wait_for_key(pid_t pid, const struct plat *p, uint64_t since_ms,
				    uint64_t until_ms)
{
	for (;;) {
		const uint64_t now_ms = p->now_ms(p->ctx);
		struct plat_event ev;
		uint64_t edge_ms;

		if (now_ms >= until_ms) {
			(void)kill(pid, SIGKILL);
			return LB_FAILURE_HANG;
		}
		p->led(p->ctx, LB_ROLE_BOOT,
		       lb_led_level(LB_LED_WORKING, since_ms, now_ms, &edge_ms));
		p->wait(p->ctx, edge_ms < until_ms ? edge_ms : until_ms, &ev);
		if (ev.kind == PLAT_EV_CHILD && ev.pid == pid)
			return WIFEXITED(ev.status) && WEXITSTATUS(ev.status) == LB_EXIT_OK
				       ? LB_FAILURE_NONE
				       : LB_FAILURE_OTHER;
	}
}

static enum lb_failure provide_key(struct lb_machine *m, const struct lb_board *board,
				   uint64_t since_ms)
{
	const struct plat p = lb_machine_plat(m);
	const pid_t pid = lb_fork();

	if (pid == 0)
		_exit(make_host_key(board));
	return pid < 0 ? LB_FAILURE_OTHER
		       : wait_for_key(pid, &p, since_ms, p.now_ms(p.ctx) + board->menu_hang_ms);
}

/* Whatever is missing here would leave a LED that blinks for ever and a door that nobody finds. */
static void open_network(struct lb_mode_result *out, struct lb_machine *m,
			 const struct lb_board *board, uint64_t since_ms)
{
	const enum lb_failure key =
		has_program("dropbear") ? provide_key(m, board, since_ms) : LB_FAILURE_NONE;

	if (!has_program("dropbear"))
		fail(out, LB_FAILURE_OTHER, "there is no SSH server (dropbear) in this initramfs");
	else if (key == LB_FAILURE_HANG)
		fail(out, key, "there is no host key for SSH: to read or make it takes too long");
	else if (key)
		fail(out, key, "a host key for SSH cannot be made (is dropbearkey there?)");
	else if (lb_lan_up_for(m, board) < 0)
		fail(out, LB_FAILURE_NETWORK, "no LAN port of the board comes up");
	if (out->failure)
		lb_login_forget();
}

static void open_consoles(struct lb_mode_result *out, const struct lb_machine *m)
{
	if (m->consoles.count == 0)
		fail(out, LB_FAILURE_OTHER, "no serial console can be opened");
}

static void introduce(struct lb_status *s, enum lb_mode mode, const struct lb_board *board)
{
	const unsigned idle_s = board->menu_ssh_idle_ms / 1000;

	s->state = LB_STATE_RESCUE;
	s->reason = LB_REASON_MENU;
	s->policy = LB_POLICY_OPEN;
	s->mode = mode;
	(void)snprintf(s->detail, sizeof(s->detail), "rescue mode %d (%s) was chosen", (int)mode,
		       lb_mode_name(mode));
	if (mode == LB_MODE_SHELL)
		(void)snprintf(s->notice, sizeof(s->notice),
			       "a press of the button, or 'reboot', ends this mode");
	else
		(void)snprintf(
			s->notice, sizeof(s->notice),
			"root gets in without a password; the router reboots after %u %s in which "
			"no SSH session is open and nobody types on the console",
			idle_s % 60 ? idle_s : idle_s / 60, idle_s % 60 ? "s" : "min");
	if (lb_status_save(s) < 0)
		log_warn("the status cannot be written to " LB_STATUS_FILE);
}

static const char *end_of(enum lb_leave how)
{
	switch (how) {
	case LB_LEAVE_PRESS:
		return "a button was pressed";
	case LB_LEAVE_IDLE:
		return "nobody was there any more";
	case LB_LEAVE_CONTINUE:
	case LB_LEAVE_REBOOT:
	case LB_LEAVE_POWEROFF:
	case LB_LEAVE_HALT:
	case LB_LEAVE_UPGRADE:
		break;
	}
	return "the person inside ended it";
}

/* The prompt says where one is. */
static void name_host(void)
{
	static const char name[] = "lifeboat-rescue";

	if (sethostname(name, sizeof(name) - 1) < 0)
		log_debug("the host name stays");
}

enum lb_leave lb_mode_open_run(struct lb_mode_result *out, enum lb_mode mode, uint64_t since_ms,
			       struct lb_machine *m, const struct lb_board *board,
			       struct lb_status *status)
{
	static struct lb_board opened; /* the mode stands in the board file: that is the permission
					*/
	const bool shell = mode == LB_MODE_SHELL;
	const struct lb_waiting waiting = {.role = LB_ROLE_BOOT,
					   .pattern = LB_LED_WORKING,
					   .began_ms = since_ms,
					   .console_only = shell,
					   .press_ends = shell,
					   .idle_ms = shell ? 0 : board->menu_ssh_idle_ms};
	enum lb_leave how;

	*out = (struct lb_mode_result){0};
	if (!has_program("sh"))
		fail(out, LB_FAILURE_OTHER, "there is no shell (sh) in this initramfs");
	else if (shell)
		open_consoles(out, m);
	else
		open_network(out, m, board, since_ms);
	if (out->failure)
		return LB_LEAVE_CONTINUE;
	opened = *board;
	opened.failsafe = LB_POLICY_OPEN;
	opened.console_shell = board->console_shell || shell;
	introduce(status, mode, board);
	name_host();
	how = lb_failsafe_run(m, &opened, status, NULL, &waiting);
	(void)snprintf(out->why, sizeof(out->why), "%s", end_of(how));
	return how == LB_LEAVE_PRESS || how == LB_LEAVE_IDLE ? LB_LEAVE_REBOOT : how;
}
