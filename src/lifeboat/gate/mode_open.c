#include "lifeboat/gate/mode_open.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/lan.h"
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

static void open_network(struct lb_mode_result *out, struct lb_machine *m,
			 const struct lb_board *board)
{
	char program[LB_PATH_MAX];

	if (lb_program_find("dropbear", program, sizeof(program)) < 0)
		fail(out, LB_FAILURE_OTHER, "there is no SSH server (dropbear) in this initramfs");
	else if (lb_lan_up_for(&m->lan, board) < 0)
		fail(out, LB_FAILURE_NETWORK, "no LAN port of the board comes up");
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
	if (!shell)
		open_network(out, m, board);
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
