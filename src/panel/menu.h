/* panel/menu.h - rescue modes chosen with one button and one LED, as the page "Rescue
 * modes" of the Turris MOX manual has it (pure).
 *
 *   SENSING     LED on     the button is down at power-on; up before hold_ms: a normal boot
 *   STARTING    LED off    held long enough; it may be released, which other LEDs say by
 *                          blinking. Until LB_MENU_READY
 *   LEAD        LED on     the rescue part runs
 *   ANNOUNCING  n blinks   mode n, between two pauses
 *   WAITING     LED on     wait_ms to object; then it is announced once more, and carried out
 *   WORKING     LED slow   until LB_MENU_DONE or LB_MENU_FAILED; presses change nothing
 *   FAILED      code       blinks say why; after back_ms a normal boot, or for ever where none can
 *                          work
 *
 * A press, at any moment of an announcement or of the time behind it, goes on to the next mode,
 * which is announced at once; one that begins in the last moment counts though it is certain only
 * later. A button that is still down from power-on is no press; if it never goes up, and nobody
 * presses another one or types, then nobody has chosen anything: a normal boot, or a stuck button
 * would carry out a mode at every power-on. A press begins once the button has been down for
 * debounce_ms without a break, and ends likewise. Each button counts for itself.
 *
 * A caller that is late does not make time to object shorter: what was to be seen meanwhile begins
 * when it can be seen. Times are milliseconds on one monotonic clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tables/limits.h"
#include "tables/tables.h"

#define LB_MENU_NEVER UINT64_MAX

struct lb_menu_config {
	unsigned start;			 /* mode, from 1 */
	uint8_t next[LB_MODE_COUNT + 1]; /* of each mode; 0 = this board does not have it */
	bool forced;			 /* `start` is carried out without asking */
	unsigned hold_ms;		 /* 0: whoever started us has sensed the button */
	unsigned lead_ms, wait_ms, debounce_ms;
	unsigned back_ms; /* 0 = stay in FAILED for ever */
};

/* As users of Turris MOX know it: all modes, 1 s to hold, 3 s to object. */
struct lb_menu_config lb_menu_defaults(void);

/* What the kernel command line asks for: rescue_mode=N counts from 0 and is where the menu starts,
 * force_mode=N counts from 1 and is carried out. NULL = it does not have it. False: one of them is
 * no mode of this board, and changes nothing. */
bool lb_menu_ask(struct lb_menu_config *c, const char *rescue_mode, const char *force_mode);

enum lb_menu_event_kind {
	LB_MENU_TICK,
	LB_MENU_DOWN, /* number: the button, below LB_BUTTONS_MAX */
	LB_MENU_UP,
	LB_MENU_READY,	/* the rescue part runs */
	LB_MENU_CHOOSE, /* number: a mode, typed on the console; announced as if by presses, and
			 * from LEAD on */
	LB_MENU_DONE,
	LB_MENU_FAILED,	  /* number: enum lb_failure */
	LB_MENU_STRANDED, /* the same, and there is no system that could boot */
};

struct lb_menu_event {
	enum lb_menu_event_kind kind;
	unsigned number;
};

enum lb_menu_phase {
	LB_MENU_SENSING,
	LB_MENU_STARTING,
	LB_MENU_LEAD,
	LB_MENU_ANNOUNCING,
	LB_MENU_WAITING,
	LB_MENU_WORKING,
	LB_MENU_SHOWING, /* a failure */
	LB_MENU_BOOT,	 /* over: a normal boot */
	LB_MENU_REBOOT,	 /* over: the mode has done its work */
};

struct lb_menu {
	struct lb_menu_config config;
	enum lb_menu_phase phase;
	uint64_t since_ms; /* of the phase */
	unsigned mode;
	unsigned round; /* of announcements, from 1 */
	enum lb_failure failure;
	bool stranded; /* no normal boot follows the failure */
	bool answered; /* somebody is there: has let go, pressed or typed */
	struct lb_menu_button {
		bool down, pressed; /* as the kernel says it; debounced */
		uint64_t since_ms;  /* of `down` */
	} buttons[LB_BUTTONS_MAX];
};

struct lb_menu_out {
	enum lb_menu_phase phase;
	unsigned mode;
	bool announced; /* this mode is announced from now on: the console says it too */
	bool work;	/* begin with the mode's work now */
	bool stuck;	/* LB_MENU_BOOT, because no button was let go of and nobody chose */
	bool led;
	bool held_led;	  /* of the LEDs that say "let go": of the ports, if the board has some */
	uint64_t wake_ms; /* call again with LB_MENU_TICK no later than this */
};

/* Bit i of held: button i is down right now. */
void lb_menu_open(struct lb_menu *m, const struct lb_menu_config *config, unsigned held,
		  uint64_t now_ms);

struct lb_menu_out lb_menu_step(struct lb_menu *m, const struct lb_menu_event *ev, uint64_t now_ms);
