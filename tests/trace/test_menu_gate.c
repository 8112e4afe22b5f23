/* The gate's half of the rescue modes, on a virtual clock: what the consoles say, what is typed,
 * what the kernel command line asks for, and what becomes of a mode. The modes themselves are
 * scripted. */
#include "tests/t.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "lifeboat/card_note.h"
#include "lifeboat/gate/menu.h"
#include "lifeboat/gate/mode_child.h"
#include "lifeboat/gate/mode_open.h"
#include "lifeboat/gate/mode_result.h"
#include "lifeboat/modes/no_system.h"
#include "lifeboat/page/page.h"
#include "lifeboat/progress.h"
#include "lifeboat/slots/root_place.h"
#include "panel/menu.h"
#include "plat/fake/plat.h"
#include "plat/linux/machine/led_loan.h"
#include "plat/linux/machine/proc.h"

#define NOW	    5000u
#define MODE_PID    100
#define NOTE_PID    50
#define PAGE_PID    70
#define LEAD_MS	    1000u
#define ANNOUNCE_MS (1000u + 400u) /* of mode 1 */
#define WAIT_MS	    3000u
#define ASK_MS	    (2 * (ANNOUNCE_MS + WAIT_MS))

static struct lb_fake_plat fake;
static struct lb_board board;
static struct lb_machine machine;
static struct lb_status status;
static unsigned held; /* at power-on */
static struct {
	unsigned started, mode, opened, noted, settled, page_began_ms, page_ended_ms, notes_ended;
	bool goes_on, heard, wan_taken;
} did;
static struct lb_mode_result comes_to; /* what a mode says in the end */
static enum lb_leave leaves;
static unsigned cut_off; /* the mode that the power cut off */
static int note_pid;
static uint64_t seen_enough_ms; /* of what has no end; 0 = all of it is looked at */
static jmp_buf enough;
static char warned[2048];

/* --- the machine and the modes */

unsigned lb_inputs_held(const struct lb_inputs *in)
{
	return held;
}

pid_t lb_fork(void)
{
	return note_pid;
}

void lb_root_place(char out[LB_PATH_MAX], const struct lb_board *b, const char *cmdline)
{
	(void)snprintf(out, LB_PATH_MAX, "PARTLABEL=rootfs");
}

unsigned lb_card_noted_at_boot(const struct lb_board *b, const char *place, int watchdog)
{
	return cut_off;
}

void lb_held_leds_borrow(struct lb_held_leds *h, const char (*names)[LB_NAME_MAX], size_t count)
{
}

void lb_held_leds_set(const struct lb_held_leds *h, bool on)
{
}

void lb_held_leds_return(struct lb_held_leds *h)
{
}

int lb_mode_child_start(struct lb_mode_child *c, const struct lb_mode_start *s, uint64_t now_ms)
{
	did.started++;
	did.mode = s->mode;
	did.goes_on = s->goes_on;
	*c = (struct lb_mode_child){.pid = MODE_PID, .from = -1, .heard_ms = now_ms};
	return 0;
}

bool lb_mode_child_hear(struct lb_mode_child *c, const struct lb_board *b, uint64_t now_ms)
{
	return c->pid == 0 || now_ms - c->heard_ms < b->menu_hang_ms;
}

void lb_mode_child_end(struct lb_mode_child *c, int ended, struct lb_mode_result *out)
{
	*out = comes_to;
	c->pid = 0;
}

void lb_mode_child_give_up(struct lb_mode_child *c, const struct lb_board *b,
			   struct lb_mode_result *out)
{
	*out = (struct lb_mode_result){LB_FAILURE_HANG, "it hung"};
	c->pid = 0;
}

bool lb_mode_is_open(enum lb_mode mode)
{
	return mode == LB_MODE_SSH || mode == LB_MODE_SHELL;
}

enum lb_leave lb_mode_open_run(struct lb_mode_result *out, enum lb_mode mode, uint64_t since_ms,
			       struct lb_machine *m, const struct lb_board *b, struct lb_status *s)
{
	did.opened = mode;
	*out = comes_to;
	return leaves;
}

void lb_mode_outcome(struct lb_rescue_record *out, enum lb_mode mode,
		     const struct lb_mode_result *result)
{
	*out = (struct lb_rescue_record){.mode = (uint8_t)mode};
	out->outcome = result->failure ? LB_RESCUE_FAILED : LB_RESCUE_DONE;
}

void lb_mode_tell(const struct lb_rescue_record *r, struct lb_status *told)
{
	(void)snprintf(told->last_mode, LB_SENTENCE_MAX, "mode %u %s", r->mode,
		       r->outcome == LB_RESCUE_FAILED ? "failed" : "is done");
}

void lb_mode_note_end(pid_t pid)
{
	assert_int_equal(pid, NOTE_PID);
	did.notes_ended++;
}

void lb_mode_note(const struct lb_board *b, enum lb_mode mode, const struct lb_mode_result *result)
{
	did.noted++;
}

/* Asked for in a child only, which ends with the answer. */
bool lb_no_system(const struct lb_board *b, const char *root, unsigned wait_ms)
{
	fail();
	return false;
}

int lb_status_save(const struct lb_status *s)
{
	return 0;
}

pid_t lb_page_start(const struct lb_board *b, const struct lb_lan *lan)
{
	did.page_began_ms = (unsigned)(fake.now_ms - NOW);
	return PAGE_PID;
}

void lb_page_end(pid_t pid)
{
	if (pid == PAGE_PID)
		did.page_ended_ms = (unsigned)(fake.now_ms - NOW);
}

void lb_progress_begin(struct lb_progress *p, const char *work)
{
	did.wan_taken = p->machine->wan_taken;
}

void lb_progress_shows(struct lb_progress *p)
{
}

void lb_progress_step(struct lb_progress *p, const char *step, int percent)
{
}

void lb_progress_result(struct lb_progress *p, const char *result, const char *why)
{
}

void lb_progress_again(struct lb_progress *p)
{
	if (seen_enough_ms && fake.now_ms >= NOW + seen_enough_ms)
		longjmp(enough, 1);
}

void lb_progress_end(struct lb_progress *p)
{
}

void lb_machine_last_words(struct lb_machine *m)
{
}

static void hear_warning(void *ctx, enum lb_log_level level, const char *text)
{
	const size_t used = strlen(warned);

	if (level <= LB_LOG_WARN)
		(void)snprintf(warned + used, sizeof(warned) - used, "%s\n", text);
}

/* --- */

static void power_on(void)
{
	static const enum lb_mode modes[] = {LB_MODE_REBOOT, LB_MODE_ROLLBACK, LB_MODE_FACTORY,
					     LB_MODE_SSH};

	board = (struct lb_board){.menu_start = LB_MODE_REBOOT,
				  .menu_mode_count = sizeof(modes) / sizeof(modes[0]),
				  .menu_hold_ms = 1000,
				  .menu_wait_ms = WAIT_MS,
				  .menu_back_ms = 60000,
				  .menu_hang_ms = 20000,
				  .debounce_ms = 20,
				  .address = 10u << 24 | 1,
				  .prefix_bits = 24};
	memcpy(board.menu_modes, modes, sizeof(modes));
	memset(&did, 0, sizeof(did));
	comes_to = (struct lb_mode_result){.why = "nothing was changed"};
	leaves = LB_LEAVE_REBOOT;
	held = cut_off = 0;
	note_pid = -1; /* no child: it is written down at once */
	seen_enough_ms = 0;
	warned[0] = '\0';
	status = (struct lb_status){0};
	machine.wan_taken = false;
	lb_fake_plat_init(&fake, NOW);
	lb_log_set_sink(hear_warning, NULL);
}

static enum lb_leave run(const char *cmdline)
{
	const struct plat p = lb_fake_plat(&fake);

	return lb_menu_run(&p, &board, &machine, cmdline, &status);
}

static void child_ends(uint64_t at_ms, int pid)
{
	const struct plat_event ev = {.kind = PLAT_EV_CHILD, .at_ms = at_ms, .pid = pid};

	lb_fake_event(&fake, at_ms, &ev);
}

static void child_ends_with(uint64_t at_ms, int pid, int code)
{
	const struct plat_event ev = {
		.kind = PLAT_EV_CHILD, .at_ms = at_ms, .pid = pid, .status = code << 8};

	lb_fake_event(&fake, at_ms, &ev);
}

static unsigned said(const char *words)
{
	unsigned n = 0;

	for (const char *at = fake.trace; (at = strstr(at, words)); at++)
		n++;
	return n;
}

static void menu__no_button_and_no_word__normal_boot_without_a_sound(void **state)
{
	power_on();
	assert_int_equal(run("console=ttyS0"), LB_LEAVE_CONTINUE);
	assert_string_equal(fake.trace, "");
	assert_string_equal(warned, "");
}

static void menu__held__list_announcements_and_the_mode(void **state)
{
	power_on();
	held = 1;
	lb_fake_button(&fake, 1500, 0, false);
	child_ends(2000 + LEAD_MS + ASK_MS + 700, MODE_PID);
	assert_int_equal(run(""), LB_LEAVE_REBOOT);
	assert_int_equal(said("- rescue modes -"), 1);
	assert_int_equal(said("  4  "), 0);
	assert_int_equal(said("  5  unsecured SSH on 10.0.0.1\n"), 1);
	assert_int_equal(said("Rescue mode 1: standard reboot"), 2);
	assert_int_equal(said("mode 1 is carried out now: do not switch the router off"), 1);
	assert_int_equal(said("lifeboat: mode 1 is done; the router reboots"), 1);
	assert_int_equal(did.started, 1);
	assert_int_equal(did.noted, 2);
	assert_string_equal(status.last_mode, "mode 1 is done");
}

static void menu__button_stuck__said_and_a_normal_boot(void **state)
{
	power_on();
	held = 2;
	assert_int_equal(run(""), LB_LEAVE_CONTINUE);
	assert_int_equal(did.started, 0);
	assert_non_null(strstr(warned, "was not let go of: no rescue mode is carried out"));
}

static void typed__each_line__chooses_or_is_answered_once(void **state)
{
	static const struct {
		const char *line;
		unsigned mode;
		bool answered;
	} rows[] = {
		{"2", 2, false}, {" 3 ", 3, false}, {"\t5", 5, false},
		{"", 1, false},	 {"  ", 1, false},  {"0", 1, true},
		{"8", 1, true},	 {"9", 1, true},    {"4", 1, true} /* not in the board's list */,
		{"12", 1, true}, {"-1", 1, true},   {"x", 1, true},
		{"2x", 1, true}, {"2 3", 1, true},  {"\xff\xfe", 1, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const bool open = rows[i].mode == LB_MODE_SSH;

		power_on();
		lb_fake_line(&fake, LEAD_MS + 600, rows[i].line); /* the announcement blinks */
		lb_fake_line(&fake, LEAD_MS + 700, rows[i].answered ? "rubbish" : "");
		if (!open)
			child_ends(60000, MODE_PID);
		board.menu_hang_ms = 100000;
		assert_int_equal(run("rescue_mode=0"), LB_LEAVE_REBOOT);
		assert_int_equal(open ? did.opened : did.mode, rows[i].mode);
		assert_int_equal(said("That is no number of the list above"), rows[i].answered);
	}
}

static void typed__before_the_list_and_while_a_mode_works__is_not_answered(void **state)
{
	power_on();
	held = 1;
	lb_fake_line(&fake, 500, "x");
	lb_fake_button(&fake, 1500, 0, false);
	lb_fake_line(&fake, 1600, "3");
	lb_fake_line(&fake, 2000 + LEAD_MS + ASK_MS + 300, "3");
	lb_fake_line(&fake, 2000 + LEAD_MS + ASK_MS + 400, "x");
	child_ends(2000 + LEAD_MS + ASK_MS + 700, MODE_PID);
	assert_int_equal(run(""), LB_LEAVE_REBOOT);
	assert_int_equal(did.mode, 1);
	assert_int_equal(said("That is no number"), 0);
}

static void cmdline__rescue_mode__each_value(void **state)
{
	static const struct {
		const char *cmdline;
		unsigned mode; /* 0 = a normal boot */
		bool warned;
	} rows[] = {
		{"rescue_mode=0", 1, false},
		{"rescue_mode=2", 3, false},
		{"rescue_mode=2 rescue_mode=1", 2, false},
		{"rescue_mode=9 rescue_mode=1", 2, false},
		{"rescue_mode=\"1\"", 2, false},
		{"rescue_mode=", 0, false}, /* of a variable that is not set */
		{"rescue_mode=1 rescue_mode=", 0, false},
		{"rescue_mode", 0, false},
		{"xrescue_mode=1", 0, false},
		{"rescue_mode=3", 1, true}, /* mode 4 is not in the board's list */
		{"rescue_mode=99", 1, true},
		{"rescue_mode=-1", 1, true},
		{"rescue_mode=factory", 1, true},
		{"rescue_mode=00000000000000000000001", 1, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		power_on();
		child_ends(60000, MODE_PID);
		board.menu_hang_ms = 100000;
		assert_int_equal(run(rows[i].cmdline),
				 rows[i].mode ? LB_LEAVE_REBOOT : LB_LEAVE_CONTINUE);
		assert_int_equal(did.mode, rows[i].mode);
		assert_int_equal(!!strstr(warned, " on the kernel command line is no "
						  "mode of this board (they count from 0)"),
				 rows[i].warned);
	}
}

static void cmdline__force_mode__each_value(void **state)
{
	static const struct {
		const char *cmdline;
		unsigned mode; /* 0 = a normal boot */
		bool warned;
	} rows[] = {
		{"force_mode=3", 3, false},	 {"force_mode=1 force_mode=2", 2, false},
		{"force_mode=", 0, false},	 {"force_mode=0", 0, true},
		{"force_mode=4", 0, true},	 {"force_mode=8", 0, true},
		{"force_mode=-3", 0, true},	 {"force_mode=99", 0, true},
		{"force_mode=factory", 0, true}, {"force_mode=33333333333333333333", 0, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		power_on();
		if (rows[i].mode)
			child_ends(LEAD_MS + 100, MODE_PID);
		assert_int_equal(run(rows[i].cmdline),
				 rows[i].mode ? LB_LEAVE_REBOOT : LB_LEAVE_CONTINUE);
		assert_int_equal(did.mode, rows[i].mode);
		assert_int_equal(said("- rescue modes -"), 0); /* nobody is asked */
		assert_int_equal(!!strstr(warned, " on the kernel command line is no "
						  "mode of this board (they count from 1)"),
				 rows[i].warned);
	}
	power_on();
	child_ends(60000, MODE_PID);
	board.menu_hang_ms = 100000;
	assert_int_equal(run("force_mode=8 rescue_mode=1"), LB_LEAVE_REBOOT);
	assert_int_equal(did.mode, 2);
}

static void cmdline__board_without_modes__said_and_a_normal_boot(void **state)
{
	power_on();
	board.menu_mode_count = 0;
	held = 1;
	assert_int_equal(run(""), LB_LEAVE_CONTINUE);
	assert_string_equal(warned, "");
	assert_int_equal(run("force_mode=3"), LB_LEAVE_CONTINUE);
	assert_non_null(strstr(warned, "this board has no rescue modes"));
}

static void failure__shown_with_presses__then_normal_boot(void **state)
{
	power_on();
	comes_to = (struct lb_mode_result){LB_FAILURE_STORAGE, "the card is gone"};
	child_ends(LEAD_MS + 500, MODE_PID);
	for (unsigned i = 0; i < 10; i++) {
		lb_fake_button(&fake, 3000 + i * 1000, 0, true);
		lb_fake_button(&fake, 3200 + i * 1000, 0, false);
		lb_fake_line(&fake, 3300 + i * 1000, "3");
	}
	assert_int_equal(run("force_mode=3"), LB_LEAVE_CONTINUE);
	assert_int_equal(fake.now_ms - NOW, LEAD_MS + 500 + 60000);
	assert_int_equal(did.started, 1);
	assert_int_equal(did.noted, 2);
	assert_int_equal(said("the LED blinks 3 times, again and again: the storage cannot"), 1);
	assert_int_equal(said("a normal boot follows in 60 s"), 1);
	assert_string_equal(status.last_mode, "mode 3 failed");
	assert_int_equal(did.page_began_ms, LEAD_MS + 500);
	assert_int_equal(did.page_ended_ms, fake.now_ms - NOW);
	assert_int_equal(status.mode, 0);
}

/* Before the LAN comes up, and whatever becomes of it. */
static void mode__internet__only_that_takes_ports_that_are_lan_and_wan(void **state)
{
	power_on();
	board.menu_modes[0] = LB_MODE_INTERNET;
	comes_to = (struct lb_mode_result){LB_FAILURE_NETWORK, "nobody answers"};
	child_ends(LEAD_MS + 500, MODE_PID);
	assert_int_equal(run("force_mode=6"), LB_LEAVE_CONTINUE);
	assert_true(did.wan_taken && machine.wan_taken);
	power_on();
	child_ends(LEAD_MS + 500, MODE_PID);
	assert_int_equal(run("force_mode=3"), LB_LEAVE_REBOOT);
	assert_false(did.wan_taken || machine.wan_taken);
}

/* Rescue would follow, and show that it is rescue: nobody would know why any more. */
static void failure__no_system_that_could_boot__shown_without_end(void **state)
{
	power_on();
	note_pid = NOTE_PID;
	board.menu_back_ms = 10000;
	comes_to = (struct lb_mode_result){LB_FAILURE_STORAGE, "the card is gone"};
	child_ends(LEAD_MS + 100, NOTE_PID);
	child_ends(LEAD_MS + 500, MODE_PID);
	child_ends_with(LEAD_MS + 600, NOTE_PID, LB_NO_SYSTEM_EXIT);
	lb_fake_button(&fake, 20000, 0, true);
	lb_fake_button(&fake, 20200, 0, false);
	seen_enough_ms = 100000;
	if (setjmp(enough) == 0)
		fail_msg("left as %d", run("force_mode=3"));
	assert_in_range(fake.edges[fake.edge_count - 1].at_ms, 95000, 100000);
	assert_int_equal(said("the LED blinks 3 times, again and again: the storage cannot"), 1);
	assert_int_equal(said("there is no system that could boot"), 1);
	assert_int_equal(said("a normal boot"), 0);
	assert_int_equal(status.mode, 3);
	assert_int_equal(status.leaves_s, 0);
	assert_int_equal(did.page_ended_ms, 0);
}

static void failure__whether_a_system_is_there_is_not_known__normal_boot(void **state)
{
	power_on();
	note_pid = NOTE_PID; /* its second one does not end either */
	comes_to = (struct lb_mode_result){LB_FAILURE_STORAGE, "the card is gone"};
	child_ends(LEAD_MS + 100, NOTE_PID);
	child_ends(LEAD_MS + 500, MODE_PID);
	assert_int_equal(run("force_mode=3"), LB_LEAVE_CONTINUE);
	assert_int_equal(did.notes_ended, 1);
	assert_int_equal(said("a normal boot follows in 60 s"), 1);
}

static void mode__gets_no_further__failure_7(void **state)
{
	power_on();
	assert_int_equal(run("force_mode=3"), LB_LEAVE_CONTINUE);
	assert_int_equal(said("the LED blinks 7 times"), 1);
}

/* A disk that hangs while it is written down that the mode begins: the LED blinks already. */
static void record__hangs__mode_begins_all_the_same(void **state)
{
	power_on();
	note_pid = NOTE_PID;
	child_ends(LEAD_MS + 10000 + 300, MODE_PID);
	assert_int_equal(run("force_mode=3"), LB_LEAVE_REBOOT);
	assert_int_equal(did.started, 1);
	assert_in_range(fake.edge_count, 40, 44); /* it blinks all the while, at the end too */
	assert_int_equal(did.notes_ended, 2);
	power_on();
	note_pid = NOTE_PID;
	child_ends(LEAD_MS + 200, NOTE_PID);
	child_ends(LEAD_MS + 500, MODE_PID);
	child_ends(LEAD_MS + 600, NOTE_PID);
	assert_int_equal(run("force_mode=3"), LB_LEAVE_REBOOT);
	assert_int_equal(fake.now_ms - NOW, LEAD_MS + 600);
}

static void open_mode__each_end__the_router_is_left_so(void **state)
{
	static const enum lb_leave ends[] = {LB_LEAVE_REBOOT, LB_LEAVE_POWEROFF, LB_LEAVE_HALT,
					     LB_LEAVE_UPGRADE};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		power_on();
		leaves = ends[i];
		assert_int_equal(run("force_mode=5"), ends[i]);
		assert_int_equal(did.opened, LB_MODE_SSH);
		assert_int_equal(said("the network 10.0.0.1/24, then 'ssh root@10.0.0.1'"), 1);
		assert_int_equal(said("do not switch"), 0);
	}
	power_on();
	leaves = LB_LEAVE_CONTINUE;
	comes_to = (struct lb_mode_result){LB_FAILURE_NETWORK, "no LAN port comes up"};
	assert_int_equal(run("force_mode=5"), LB_LEAVE_CONTINUE);
	assert_int_equal(said("the LED blinks 1 time,"), 1);
}

static void cut_off__held_or_not__asked_or_goes_on(void **state)
{
	power_on();
	cut_off = LB_MODE_FACTORY;
	child_ends(LEAD_MS + 100, MODE_PID);
	assert_int_equal(run(""), LB_LEAVE_REBOOT);
	assert_true(did.goes_on);
	assert_int_equal(did.mode, LB_MODE_FACTORY);
	power_on();
	cut_off = LB_MODE_FACTORY;
	held = 1;
	lb_fake_button(&fake, 1500, 0, false);
	child_ends(2000 + LEAD_MS + ASK_MS + 100, MODE_PID);
	assert_int_equal(run(""), LB_LEAVE_REBOOT);
	assert_false(did.goes_on);
	assert_int_equal(did.mode, LB_MODE_REBOOT);
}

TESTS(unit(menu__no_button_and_no_word__normal_boot_without_a_sound),
      unit(menu__held__list_announcements_and_the_mode),
      unit(menu__button_stuck__said_and_a_normal_boot),
      unit(typed__each_line__chooses_or_is_answered_once),
      unit(typed__before_the_list_and_while_a_mode_works__is_not_answered),
      unit(cmdline__rescue_mode__each_value), unit(cmdline__force_mode__each_value),
      unit(cmdline__board_without_modes__said_and_a_normal_boot),
      unit(failure__shown_with_presses__then_normal_boot),
      unit(mode__internet__only_that_takes_ports_that_are_lan_and_wan),
      unit(failure__no_system_that_could_boot__shown_without_end),
      unit(failure__whether_a_system_is_there_is_not_known__normal_boot),
      unit(mode__gets_no_further__failure_7), unit(record__hangs__mode_begins_all_the_same),
      unit(open_mode__each_end__the_router_is_left_so),
      unit(cut_off__held_or_not__asked_or_goes_on))
