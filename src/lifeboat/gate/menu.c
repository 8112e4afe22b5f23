#include "lifeboat/gate/menu.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/card_note.h"
#include "lifeboat/disk_wait.h"
#include "lifeboat/gate/menu_config.h"
#include "lifeboat/gate/mode_child.h"
#include "lifeboat/gate/mode_open.h"
#include "lifeboat/gate/mode_result.h"
#include "lifeboat/modes/no_system.h"
#include "lifeboat/page/page.h"
#include "lifeboat/progress.h"
#include "lifeboat/slots/root_place.h"
#include "panel/menu.h"
#include "plat/linux/machine/led_loan.h"
#include "plat/linux/machine/proc.h"

/* The LED is dark while a boot loader starts the rescue part, and people wait for that to let go of
 * the button. Here the rescue part runs already. */
#define DARK_MS 1000

/* For a record to be written; a card takes some tenths of a second. What hangs may be the disk that
 * the record is on: nobody would see the blinks that say so. */
#define NOTE_LIMIT_MS 10000
#define HANG_LIMIT_MS 3000

struct menu {
	const struct plat *p;
	const struct lb_board *board;
	struct lb_machine *machine;
	char root[LB_PATH_MAX]; /* where it lies */
	struct lb_status *status;
	struct lb_menu m;
	struct lb_held_leds ports;
	uint64_t began_ms;	 /* disks appear from then on */
	uint64_t now_ms;	 /* of the last step: times do not run back */
	uint64_t dark_ms;	 /* since then; LB_MENU_NEVER = it is not dark */
	bool greeted, corrected; /* what was typed, since the last announcement */
	bool goes_on;		 /* the mode is the one that the power cut off */
	bool stranded;		 /* the mode has failed, and there is no system that could boot */
	struct lb_mode_child child;
	struct lb_mode_result result;
	struct lb_progress progress;
	enum lb_leave leave; /* once a mode is done */
	pid_t page;	     /* 0 = there is none */
};

PRINTF_LIKE(2, 3) static void say(const struct menu *g, const char *fmt, ...)
{
	char text[2 * LB_SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	g->p->say(g->p->ctx, text);
}

static void greet(struct menu *g)
{
	struct lb_menu_text what;

	if (g->greeted || g->m.config.forced)
		return;
	g->greeted = true;
	say(g, "- rescue modes -");
	say(g, "Press the button for the next mode, or type the number of one and hit [enter]:");
	for (size_t i = 0; i < g->board->menu_mode_count; i++) {
		what = lb_menu_text(g->board, g->board->menu_modes[i]);
		say(g, "  %d  %s", (int)g->board->menu_modes[i], what.text);
	}
}

/* Once only until the next announcement: a line that echoes what is written to it would be answered
 * for ever. */
static void correct(struct menu *g)
{
	if (!g->corrected)
		say(g, "That is no number of the list above: type one of them and hit [enter]");
	g->corrected = true;
}

static struct lb_menu_event line(struct menu *g, const char *text)
{
	const unsigned mode = lb_menu_typed(text);
	const bool asks = g->greeted && g->m.phase < LB_MENU_WORKING;

	if (asks && text[strspn(text, " \t")] && (mode == 0 || g->m.config.next[mode] == 0))
		correct(g);
	return (struct lb_menu_event){LB_MENU_CHOOSE, mode};
}

static struct lb_menu_out step(struct menu *g, const struct lb_menu_event *ev, uint64_t at_ms)
{
	if (at_ms > g->now_ms)
		g->now_ms = at_ms;
	return lb_menu_step(&g->m, ev, g->now_ms);
}

static struct lb_menu_out tick(struct menu *g, uint64_t at_ms)
{
	return step(g, &(struct lb_menu_event){.kind = LB_MENU_TICK}, at_ms);
}

/* While the LED goes on. What a button does meanwhile means nothing. False: it has not ended. */
static bool wait_for_child(struct menu *g, pid_t pid, uint64_t limit_ms, int *status)
{
	const struct plat *p = g->p;
	const uint64_t until_ms = p->now_ms(p->ctx) + limit_ms;
	struct plat_event ev = {.kind = PLAT_EV_TIMEOUT};

	for (;;) {
		const struct lb_menu_out out = tick(g, p->now_ms(p->ctx));

		if (ev.kind == PLAT_EV_CHILD && ev.pid == pid) {
			*status = ev.status;
			return true;
		}
		if (g->now_ms >= until_ms)
			return false;
		p->led(p->ctx, LB_ROLE_BOOT, out.led);
		p->wait(p->ctx, out.wake_ms < until_ms ? out.wake_ms : until_ms, &ev);
	}
}

/* Its disk may need a moment when the mode has failed at once. */
static bool is_stranded(const struct menu *g)
{
	const uint64_t until_ms = g->began_ms + LB_DISK_WAIT_MS;

	return lb_no_system(g->board, g->root,
			    g->now_ms < until_ms ? (unsigned)(until_ms - g->now_ms) : 0);
}

/* It is in the record before anybody sees it: whoever does may switch off at once. In a child, for
 * PID 1 must not wait for a disk: the watchdog would end that without a word. For the same reason
 * the child looks whether a normal boot can work; nobody else does. */
static void note(struct menu *g, const struct lb_mode_result *result, uint64_t limit_ms)
{
	const bool failed = result && result->failure;
	const pid_t pid = lb_fork();
	int status = 0;

	if (pid > 0) {
		if (!wait_for_child(g, pid, limit_ms, &status))
			lb_mode_note_end(pid);
		g->stranded =
			failed && WIFEXITED(status) && WEXITSTATUS(status) == LB_NO_SYSTEM_EXIT;
		return;
	}
	lb_mode_note(g->board, g->m.mode, result);
	if (pid == 0)
		_exit(failed && is_stranded(g) ? LB_NO_SYSTEM_EXIT : 0);
}

/* 0 = nothing follows by itself. */
static unsigned back_ms(const struct menu *g)
{
	return g->stranded ? 0 : g->board->menu_back_ms;
}

static void tell_what_follows(struct menu *g)
{
	if (g->stranded)
		say(g, "lifeboat: there is no system that could boot, so this is shown until the "
		       "router is switched off; for another rescue mode switch it on with the "
		       "button held");
	else if (back_ms(g))
		say(g, "lifeboat: a normal boot follows in %u s", back_ms(g) / 1000);
	else
		say(g, "lifeboat: switch the router off and on for a normal boot");
}

static void tell_end(struct menu *g)
{
	struct lb_rescue_record end;
	const unsigned blinks = g->result.failure;

	lb_mode_outcome(&end, g->m.mode, &g->result);
	lb_mode_tell(&end, g->status);
	note(g, &g->result, g->result.failure == LB_FAILURE_HANG ? HANG_LIMIT_MS : NOTE_LIMIT_MS);
	lb_machine_last_words(g->machine);
	lb_progress_result(&g->progress, blinks ? "failed" : LB_RESULT_COMPLETE, g->result.why);
	if (!blinks) {
		say(g, "lifeboat: %s; the router %s", g->status->last_mode,
		    g->leave == LB_LEAVE_REBOOT ? "reboots" : "is left");
		return;
	}
	log_err("%s", g->status->last_mode);
	say(g, "lifeboat: the LED blinks %u time%s, again and again: %s", blinks,
	    blinks == 1 ? "" : "s", lb_failure_text(blinks));
	tell_what_follows(g);
}

/* For the page: whoever logs in later finds other things there. */
static void show_failure(struct menu *g)
{
	struct lb_status *s = g->status;

	s->reason = LB_REASON_MENU;
	s->mode = g->m.mode;
	if (back_ms(g))
		s->leaves_s = (unsigned)((g->p->now_ms(g->p->ctx) + back_ms(g)) / 1000);
	if (lb_status_save(s) < 0)
		log_warn("the status cannot be written to " LB_STATUS_FILE);
	g->page = lb_page_start(g->board, &g->machine->lan);
}

static void end_showing(struct menu *g)
{
	struct lb_status *s = g->status;

	lb_page_end(g->page);
	g->page = 0;
	s->reason = LB_REASON_NONE;
	s->mode = s->leaves_s = 0;
}

static struct lb_menu_event ended(struct menu *g)
{
	tell_end(g);
	if (!g->result.failure)
		return (struct lb_menu_event){.kind = LB_MENU_DONE};
	show_failure(g);
	return (struct lb_menu_event){g->stranded ? LB_MENU_STRANDED : LB_MENU_FAILED,
				      g->result.failure};
}

static struct lb_menu_event child(struct menu *g, const struct plat_event *ev)
{
	if (ev->pid == g->page)
		g->page = 0;
	if (g->child.pid == 0 || ev->pid != g->child.pid)
		return (struct lb_menu_event){.kind = LB_MENU_TICK};
	(void)!lb_mode_child_hear(&g->child, g->board, g->now_ms); /* its last word */
	lb_mode_child_end(&g->child, ev->status, &g->result);
	return ended(g);
}

/* While it works how far it is, later what came of it. */
static void tell_others(struct menu *g)
{
	if (g->child.pid && g->child.what[0])
		lb_progress_step(&g->progress, g->child.what, (int)g->child.percent);
	else
		lb_progress_again(&g->progress);
}

static void begin_telling(struct menu *g)
{
	char work[LB_NAME_MAX];

	(void)snprintf(work, sizeof(work), "mode %u", g->m.mode);
	lb_progress_begin(&g->progress, work);
	lb_progress_shows(&g->progress);
	lb_progress_step(&g->progress, lb_mode_name(g->m.mode), -1);
}

/* The LED wakes us twice per second while a mode works. */
static struct lb_menu_event hear(struct menu *g, const struct plat_event *ev)
{
	const bool goes_on = lb_mode_child_hear(&g->child, g->board, ev->at_ms);

	tell_others(g);
	if (goes_on)
		return (struct lb_menu_event){.kind = LB_MENU_TICK};
	lb_mode_child_give_up(&g->child, g->board, &g->result);
	return ended(g);
}

static struct lb_menu_event translate(struct menu *g, const struct plat_event *ev)
{
	switch (ev->kind) {
	case PLAT_EV_BUTTON:
		return (struct lb_menu_event){ev->down ? LB_MENU_DOWN : LB_MENU_UP, ev->index};
	case PLAT_EV_LINE:
		return line(g, ev->text);
	case PLAT_EV_CHILD:
		return child(g, ev);
	case PLAT_EV_TIMEOUT:
		return hear(g, ev);
	case PLAT_EV_SIGNAL:
	case PLAT_EV_CONTROL:
		break;
	}
	return (struct lb_menu_event){.kind = LB_MENU_TICK};
}

static struct lb_menu_out let_in(struct menu *g)
{
	struct lb_menu_event end;

	g->leave = lb_mode_open_run(&g->result, g->m.mode, g->m.since_ms, g->machine, g->board,
				    g->status);
	end = ended(g);
	return step(g, &end, g->p->now_ms(g->p->ctx));
}

static struct lb_menu_out begin_work(struct menu *g)
{
	const struct lb_mode_start start = {.mode = g->m.mode,
					    .goes_on = g->goes_on,
					    .board = g->board,
					    .machine = g->machine,
					    .root = g->root};
	struct lb_menu_event failed;
	int rc;

	say(g, "lifeboat: rescue mode %u is carried out now: %s", g->m.mode,
	    lb_menu_advice(g->board, g->m.mode).text);
	note(g, NULL, NOTE_LIMIT_MS);
	/* What is plugged in by now is the internet, and nobody says when it is no more. */
	if (g->m.mode == LB_MODE_INTERNET)
		g->machine->wan_taken = true;
	if (lb_mode_is_open(g->m.mode))
		return let_in(g);
	begin_telling(g);
	rc = lb_mode_child_start(&g->child, &start, g->now_ms);
	if (rc == 0)
		return tick(g, g->now_ms);
	g->result.failure = LB_FAILURE_OTHER;
	(void)snprintf(g->result.why, sizeof(g->result.why), "it cannot be started: it %s",
		       lb_strerror(rc));
	failed = ended(g);
	return step(g, &failed, g->now_ms);
}

/* The dark before the rescue part runs. */
static struct lb_menu_out end_dark(struct menu *g, struct lb_menu_out out)
{
	if (out.phase == LB_MENU_STARTING && g->dark_ms == LB_MENU_NEVER)
		g->dark_ms = g->m.since_ms;
	if (out.phase == LB_MENU_STARTING && g->now_ms >= g->dark_ms + DARK_MS)
		out = step(g, &(struct lb_menu_event){.kind = LB_MENU_READY}, g->now_ms);
	if (out.phase != LB_MENU_STARTING)
		g->dark_ms = LB_MENU_NEVER;
	return out;
}

/* They belong to the kernel but for this moment. */
static void show_held(struct menu *g, const struct lb_menu_out *out)
{
	if (out->phase != LB_MENU_STARTING) {
		lb_held_leds_return(&g->ports);
		return;
	}
	if (g->ports.count == 0)
		lb_held_leds_borrow(&g->ports, g->board->held_leds, g->board->held_led_count);
	lb_held_leds_set(&g->ports, out->held_led);
}

static uint64_t wake_ms(const struct menu *g, const struct lb_menu_out *out)
{
	const uint64_t light_ms =
		g->dark_ms == LB_MENU_NEVER ? LB_MENU_NEVER : g->dark_ms + DARK_MS;

	return out->wake_ms < light_ms ? out->wake_ms : light_ms;
}

static bool is_over(const struct lb_menu_out *out)
{
	return out->phase == LB_MENU_BOOT || out->phase == LB_MENU_REBOOT;
}

/* What the console has to say of this step. */
static void say_what_is_shown(struct menu *g, const struct lb_menu_out *out)
{
	if (out->phase == LB_MENU_LEAD || out->announced || out->work)
		greet(g);
	if (out->announced) {
		g->corrected = false;
		say(g, "Rescue mode %u: %s", out->mode, lb_menu_text(g->board, out->mode).text);
	}
	if (out->stuck)
		log_warn("a button was down from power-on and was not let go of: no rescue mode is "
			 "carried out, a normal boot follows; if nobody holds it, it is stuck, or "
			 "its polarity in the device tree is wrong");
}

static enum lb_leave stay(struct menu *g)
{
	const struct plat *p = g->p;
	struct plat_event ev = {.kind = PLAT_EV_TIMEOUT, .at_ms = g->now_ms};
	struct lb_menu_out out;

	for (;;) {
		const struct lb_menu_event mev = translate(g, &ev);

		out = end_dark(g, step(g, &mev, ev.at_ms));
		say_what_is_shown(g, &out);
		if (out.work)
			out = begin_work(g);
		p->led(p->ctx, LB_ROLE_BOOT, out.led);
		show_held(g, &out);
		if (is_over(&out)) {
			end_showing(g);
			lb_progress_end(&g->progress);
			return out.phase == LB_MENU_REBOOT ? g->leave : LB_LEAVE_CONTINUE;
		}
		p->wait(p->ctx, wake_ms(g, &out), &ev);
	}
}

/* Nobody is asked once more about what the power cut off. */
static void go_on(struct menu *g, struct lb_menu_config *c, unsigned held)
{
	/* Held, or a boot loader has seen it so: the person has something else in mind. */
	const bool asked = c->forced || held || c->hold_ms == 0;
	unsigned mode;

	mode = asked ? 0 : lb_card_noted_at_boot(g->board, g->root, g->machine->watchdog);
	if (mode == 0 || mode > LB_MODE_COUNT || c->next[mode] == 0)
		return;
	c->start = mode;
	c->forced = true;
	g->goes_on = true;
	say(g, "lifeboat: the power failed while the card was written: rescue mode %u goes on",
	    mode);
}

enum lb_leave lb_menu_run(const struct plat *p, const struct lb_board *board,
			  struct lb_machine *machine, const char *cmdline, struct lb_status *status)
{
	static struct menu g;
	struct lb_menu_config config = lb_menu_config(board, cmdline);
	unsigned held;

	if (board->menu_mode_count == 0)
		return LB_LEAVE_CONTINUE;
	held = lb_inputs_held(&machine->inputs);
	g = (struct menu){.p = p,
			  .board = board,
			  .machine = machine,
			  .began_ms = p->now_ms(p->ctx),
			  .now_ms = p->now_ms(p->ctx),
			  .dark_ms = LB_MENU_NEVER,
			  .child = {.from = -1},
			  .status = status,
			  .progress = {.machine = machine, .board = board, .status = status},
			  .leave = LB_LEAVE_REBOOT};
	lb_root_place(g.root, board, cmdline);
	go_on(&g, &config, held);
	lb_menu_open(&g.m, &config, held, g.now_ms);
	if (g.m.phase == LB_MENU_BOOT)
		return LB_LEAVE_CONTINUE;
	return stay(&g);
}
