#include "lifeboat/gate/failsafe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/gate/hostkey.h"
#include "lifeboat/gate/idle.h"
#include "lifeboat/gate/login.h"
#include "lifeboat/gate/services.h"
#include "lifeboat/lan.h"
#include "lifeboat/record_io.h"
#include "lifeboat/upgrade/upgrade_gate.h"
#include "panel/led.h"
#include "plat/linux/machine/proc.h"

#define ANNOUNCE_EVERY_MS 1000 /* as in the window: who listens for one second knows */
#define GRACE_MS	  2000
#define FAREWELL_MS	  300 /* until the session that said "continue" has its exit code */

struct failsafe {
	struct plat plat;
	struct lb_machine *machine;
	const struct lb_board *board;
	struct lb_status *status;
	struct lb_login login;
	struct lb_services services;
	struct lb_waiting how;
	struct lb_idle idle;
	uint64_t down_ms; /* a button's, LB_NEVER = no press has begun */
	pid_t preparing;  /* 0 = done */
	int leave;	  /* enum lb_leave, -1 = stay */
};

/* What the helper child found out comes back through the status file and LB_LOGIN_DIR. */
static int prepare(const struct lb_board *board, const char *disk)
{
	static struct lb_record record; /* 9 KiB are too much for the stack of a small machine */
	struct lb_status s;
	struct lb_login login;
	char fingerprint[LB_NAME_MAX] = "";
	int rc = lb_login_prepare(&login, board->failsafe, disk);

	if (rc < 0) {
		log_err("the login cannot be prepared: " LB_LOGIN_DIR " %s", lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	if (login.why[0])
		log_err("%s", login.why);
	if (lb_host_key_provide(board, fingerprint) < 0)
		log_err("there is no SSH in this rescue: a host key cannot be made (is dropbearkey there?)");
	if (lb_status_load(&s) == 0) {
		if (s.boot_count == 0 && lb_record_read(board, &record) == 0)
			s.boot_count = record.boot_count; /* the last one: a mode is none */
		(void)snprintf(s.host_key, sizeof(s.host_key), "%s", fingerprint);
		if (!s.notice[0]) /* else what is wrong with the board file stays */
			(void)snprintf(s.notice, sizeof(s.notice), "%s", login.why);
		if (lb_status_save(&s) < 0)
			log_warn("the status cannot be written to " LB_STATUS_FILE);
	}
	/* Two facts that the parent needs, in the exit code: no other channel is worth its lines.
	 */
	return (login.password ? 1 : 0) | (login.keys ? 2 : 0);
}

/* `code`: what prepare() returned. */
static void take_prepared(struct failsafe *f, int code)
{
	struct lb_status fresh;

	f->preparing = 0;
	if (code > 3) {
		log_err("the login could not be prepared: %s", f->board->failsafe == LB_POLICY_OPEN
								       ? "only the console is left"
								       : "nobody can log in");
		code = 0;
	}
	f->login = (struct lb_login){.password = code & 1, .keys = code & 2};
	if (lb_status_load(&fresh) == 0)
		*f->status = fresh;
	lb_services_plan(&f->services, f->board, f->machine, &f->login,
			 f->plat.now_ms(f->plat.ctx));
	lb_idle_start(&f->idle, &f->machine->consoles, f->plat.now_ms(f->plat.ctx));
}

static void handle_signal(struct failsafe *f, int number)
{
	switch (number) {
	case SIGUSR1:
		f->leave = LB_LEAVE_HALT;
		break;
	case SIGUSR2:
		f->leave = LB_LEAVE_POWEROFF;
		break;
	default: /* SIGTERM of reboot(8), SIGINT of ctrl-alt-del */
		f->leave = LB_LEAVE_REBOOT;
		break;
	}
}

/* One that is down since power-on has not gone down here. */
static void handle_button(struct failsafe *f, const struct plat_event *ev)
{
	if (!f->how.press_ends)
		return; /* it changes nothing here: the person is being served already */
	if (!ev->down && f->down_ms != LB_NEVER && ev->at_ms >= f->down_ms + f->board->debounce_ms)
		f->leave = LB_LEAVE_PRESS;
	f->down_ms = ev->down ? ev->at_ms : LB_NEVER;
}

static void handle(struct failsafe *f, const struct plat_event *ev)
{
	switch (ev->kind) {
	case PLAT_EV_CHILD:
		if (ev->pid == f->preparing)
			take_prepared(f, WIFEXITED(ev->status) ? WEXITSTATUS(ev->status)
							       : LB_EXIT_SYSTEM);
		else
			lb_services_ended(&f->services, ev->pid, ev->at_ms);
		break;
	case PLAT_EV_SIGNAL:
		handle_signal(f, ev->number);
		break;
	case PLAT_EV_CONTROL:
		if (strcmp(ev->text, "continue") == 0 && f->status->state == LB_STATE_FAILSAFE)
			f->leave = LB_LEAVE_CONTINUE;
		else if (strcmp(ev->text, "upgrade") == 0)
			f->leave = LB_LEAVE_UPGRADE;
		break;
	case PLAT_EV_BUTTON:
		handle_button(f, ev);
		break;
	case PLAT_EV_TIMEOUT:
	case PLAT_EV_LINE:
		break;
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void stay(struct failsafe *f)
{
	uint64_t announce_ms = f->plat.now_ms(f->plat.ctx);
	uint64_t began_ms = f->how.began_ms ? f->how.began_ms : announce_ms;

	while (f->leave < 0) {
		uint64_t now_ms = f->plat.now_ms(f->plat.ctx);
		struct plat_event ev;
		uint64_t edge_ms, due_ms;

		f->plat.led(f->plat.ctx, f->how.role,
			    lb_led_level(f->how.pattern, began_ms, now_ms, &edge_ms));
		if (now_ms >= announce_ms) {
			f->plat.announce(f->plat.ctx, f->status->state, f->status->reason, 0);
			announce_ms = now_ms + ANNOUNCE_EVERY_MS;
			lb_services_trim_log();
			if (lb_upgrade_stick_came())
				f->leave = LB_LEAVE_REBOOT;
			if (f->how.idle_ms &&
			    lb_idle_ms(&f->idle, &f->machine->consoles,
				       lb_services_ssh(&f->services), now_ms) >= f->how.idle_ms)
				f->leave = LB_LEAVE_IDLE;
		}
		due_ms = lb_services_start_due(&f->services, now_ms);
		f->plat.wait(f->plat.ctx, earlier(earlier(edge_ms, announce_ms), due_ms), &ev);
		handle(f, &ev);
	}
}

/* PID 1 is everybody's ancestor: without children it is alone. Looks without reaping, which the
 * loop does. */
static bool alone(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

static void wait_until_alone(const struct plat *p)
{
	uint64_t until_ms = p->now_ms(p->ctx) + GRACE_MS;
	struct plat_event ev;

	while (!alone() && p->now_ms(p->ctx) < until_ms)
		p->wait(p->ctx, earlier(until_ms, p->now_ms(p->ctx) + 50), &ev);
}

/* Everybody but PID 1 ends: first asked, then made to. Who hangs in the kernel even then (a disk
 * that does not answer) is left behind. */
static void end_all(const struct plat *p)
{
	(void)kill(-1, SIGTERM);
	(void)kill(-1, SIGHUP); /* interactive shells ignore SIGTERM */
	wait_until_alone(p);
	(void)kill(-1, SIGKILL);
	wait_until_alone(p);
}

static void let_sessions_end(const struct plat *p)
{
	uint64_t until_ms = p->now_ms(p->ctx) + FAREWELL_MS;
	struct plat_event ev;

	while (p->now_ms(p->ctx) < until_ms)
		p->wait(p->ctx, until_ms, &ev);
}

static struct lb_waiting as_state_has_it(enum lb_state state)
{
	return (struct lb_waiting){.role = LB_ROLE_FAILSAFE,
				   .pattern = state == LB_STATE_RESCUE ? LB_LED_RESCUE
								       : LB_LED_FAILSAFE};
}

enum lb_leave lb_failsafe_run(struct lb_machine *m, const struct lb_board *board,
			      struct lb_status *status, const char *disk,
			      const struct lb_waiting *how)
{
	struct failsafe f = {.plat = lb_machine_plat(m),
			     .machine = m,
			     .board = board,
			     .status = status,
			     .how = how ? *how : as_state_has_it(status->state),
			     .down_ms = LB_NEVER,
			     .leave = -1};

	lb_machine_release_consoles(m);
	if (lb_machine_listen(m, LB_CONTROL) < 0)
		log_warn("'lifeboat continue' will not work: " LB_CONTROL " cannot be made");
	if (!f.how.console_only && !m->lan.device[0] && lb_lan_up_for(m, board) < 0)
		log_err("no LAN port comes up: only the serial console is left");
	f.preparing = lb_fork();
	if (f.preparing == 0)
		_exit(prepare(board, disk));
	if (f.preparing < 0)
		take_prepared(&f, LB_EXIT_SYSTEM);
	lb_idle_start(&f.idle, &m->consoles, f.plat.now_ms(f.plat.ctx));
	stay(&f);
	if (f.leave == LB_LEAVE_CONTINUE)
		let_sessions_end(&f.plat);
	end_all(&f.plat);
	lb_login_forget();
	f.plat.led(f.plat.ctx, f.how.role, false);
	return (enum lb_leave)f.leave;
}
