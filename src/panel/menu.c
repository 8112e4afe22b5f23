#include "panel/menu.h"

#include <stddef.h>

#include "panel/led.h"

/* Of Turris MOX. */
#define HOLD_MS	       1000
#define LEAD_MS	       1000
#define WAIT_MS	       3000
#define PAUSE_MS       500
#define BLINK_OFF_MS   200
#define BLINK_ON_MS    200
#define BLINK_MS       (BLINK_OFF_MS + BLINK_ON_MS)
#define FAILED_LEAD_MS 800
#define FAILED_GAP_MS  1500
#define DEBOUNCE_MS    20
#define ROUNDS	       2
#define LATE_MS	       250 /* nobody sees a rhythm that is off by less */

struct lb_menu_config lb_menu_defaults(void)
{
	return (struct lb_menu_config){
		.start = LB_MODE_REBOOT,
		.next =
			{
#define MODE(id, number, next_, name, help) [(number)] = (next_),
#include "tables/modes.def"
#undef MODE
			},
		.hold_ms = HOLD_MS,
		.lead_ms = LEAD_MS,
		.wait_ms = WAIT_MS,
		.debounce_ms = DEBOUNCE_MS,
	};
}

static bool has_mode(const struct lb_menu_config *c, unsigned mode)
{
	return mode >= 1 && mode <= LB_MODE_COUNT && c->next[mode] != 0;
}

/* One digit, which is all that there are modes for; anything else is 99. */
static unsigned number_of(const char *text)
{
	return text[0] >= '0' && text[0] <= '9' && !text[1] ? (unsigned)(text[0] - '0') : 99;
}

bool lb_menu_ask(struct lb_menu_config *c, const char *rescue_mode, const char *force_mode)
{
	const bool starts = rescue_mode && has_mode(c, number_of(rescue_mode) + 1);
	const bool forces = force_mode && has_mode(c, number_of(force_mode));

	if (starts)
		c->start = number_of(rescue_mode) + 1;
	if (forces) {
		c->start = number_of(force_mode);
		c->forced = true;
	}
	return starts == !!rescue_mode && forces == !!force_mode;
}

static unsigned announcement_ms(unsigned mode)
{
	return 2 * PAUSE_MS + mode * BLINK_MS;
}

/* When the level that the kernel told becomes one that counts. */
static uint64_t settles_ms(const struct lb_menu *m, const struct lb_menu_button *b)
{
	return b->down == b->pressed ? LB_MENU_NEVER : b->since_ms + m->config.debounce_ms;
}

/* A press that began before `end` may still have to become certain. */
static uint64_t with_press(const struct lb_menu *m, uint64_t end)
{
	uint64_t later = end;

	for (unsigned i = 0; i < LB_BUTTONS_MAX; i++) {
		const struct lb_menu_button *b = &m->buttons[i];

		if (b->down && !b->pressed && b->since_ms < end && settles_ms(m, b) > later)
			later = settles_ms(m, b);
	}
	return later;
}

/* When the phase ends by itself. */
static uint64_t end_ms(const struct lb_menu *m)
{
	const struct lb_menu_config *c = &m->config;

	switch (m->phase) {
	case LB_MENU_SENSING:
		return m->since_ms + c->hold_ms;
	case LB_MENU_LEAD:
		return m->since_ms + c->lead_ms;
	case LB_MENU_ANNOUNCING:
		return m->since_ms + announcement_ms(m->mode);
	case LB_MENU_WAITING:
		return with_press(m, m->since_ms + c->wait_ms);
	case LB_MENU_SHOWING:
		return c->back_ms && !m->stranded ? m->since_ms + c->back_ms : LB_MENU_NEVER;
	case LB_MENU_STARTING:
	case LB_MENU_WORKING:
	case LB_MENU_BOOT:
	case LB_MENU_REBOOT:
		break;
	}
	return LB_MENU_NEVER;
}

static void enter(struct lb_menu *m, struct lb_menu_out *out, enum lb_menu_phase phase,
		  uint64_t at_ms)
{
	m->phase = phase;
	m->since_ms = at_ms;
	out->announced = out->announced || phase == LB_MENU_ANNOUNCING;
	out->work = out->work || phase == LB_MENU_WORKING;
}

static void announce(struct lb_menu *m, struct lb_menu_out *out, unsigned mode, uint64_t at_ms)
{
	m->mode = mode;
	m->round = 1;
	enter(m, out, LB_MENU_ANNOUNCING, at_ms);
}

static void end_waiting(struct lb_menu *m, struct lb_menu_out *out, uint64_t at_ms)
{
	if (m->round++ < ROUNDS) {
		enter(m, out, LB_MENU_ANNOUNCING, at_ms);
	} else if (m->answered) {
		enter(m, out, LB_MENU_WORKING, at_ms);
	} else {
		out->stuck = true;
		enter(m, out, LB_MENU_BOOT, at_ms);
	}
}

static void end_phase(struct lb_menu *m, struct lb_menu_out *out, uint64_t at_ms)
{
	switch (m->phase) {
	case LB_MENU_SENSING:
		enter(m, out, LB_MENU_STARTING, at_ms);
		break;
	case LB_MENU_LEAD:
		if (m->config.forced)
			enter(m, out, LB_MENU_WORKING, at_ms);
		else
			announce(m, out, m->config.start, at_ms);
		break;
	case LB_MENU_ANNOUNCING:
		enter(m, out, LB_MENU_WAITING, at_ms);
		break;
	case LB_MENU_WAITING:
		end_waiting(m, out, at_ms);
		break;
	case LB_MENU_SHOWING:
		enter(m, out, LB_MENU_BOOT, at_ms);
		break;
	case LB_MENU_STARTING:
	case LB_MENU_WORKING:
	case LB_MENU_BOOT:
	case LB_MENU_REBOOT:
		break;
	}
}

static bool is_asking(const struct lb_menu *m)
{
	return m->phase == LB_MENU_ANNOUNCING || m->phase == LB_MENU_WAITING;
}

/* The button that is certain first, NULL = none will be. */
static struct lb_menu_button *first_to_settle(struct lb_menu *m)
{
	struct lb_menu_button *first = NULL;

	for (unsigned i = 0; i < LB_BUTTONS_MAX; i++) {
		struct lb_menu_button *b = &m->buttons[i];

		if (settles_ms(m, b) == LB_MENU_NEVER)
			continue;
		if (!first || settles_ms(m, b) < settles_ms(m, first))
			first = b;
	}
	return first;
}

static bool any_pressed(const struct lb_menu *m)
{
	for (unsigned i = 0; i < LB_BUTTONS_MAX; i++)
		if (m->buttons[i].pressed)
			return true;
	return false;
}

static void settle(struct lb_menu *m, struct lb_menu_button *b, struct lb_menu_out *out,
		   uint64_t at_ms)
{
	b->pressed = b->down;
	if (!any_pressed(m))
		m->answered = true;
	if (m->phase == LB_MENU_SENSING && !any_pressed(m)) {
		enter(m, out, LB_MENU_BOOT, at_ms);
	} else if (b->pressed && is_asking(m)) {
		m->answered = true;
		announce(m, out, m->config.next[m->mode], at_ms);
	}
}

/* All that has happened by itself until now, in its order. */
static void catch_up(struct lb_menu *m, struct lb_menu_out *out, uint64_t now_ms)
{
	for (;;) {
		struct lb_menu_button *b = first_to_settle(m);
		const uint64_t settled = b ? settles_ms(m, b) : LB_MENU_NEVER, ended = end_ms(m);

		if (b && settled <= ended && settled <= now_ms)
			settle(m, b, out, settled);
		else if (ended > now_ms)
			return;
		else
			end_phase(m, out,
				  is_asking(m) && now_ms - ended > LATE_MS ? now_ms : ended);
	}
}

static void take_level(struct lb_menu *m, unsigned button, bool down, uint64_t now_ms)
{
	struct lb_menu_button *b;

	if (button >= LB_BUTTONS_MAX)
		return;
	b = &m->buttons[button];
	/* What was down at power-on is told once more when the device is opened. */
	if (b->down == down && (!down || m->phase == LB_MENU_SENSING))
		return;
	if (b->down && down)
		b->pressed = false; /* its release was lost */
	b->down = down;
	b->since_ms = now_ms;
}

static void choose(struct lb_menu *m, struct lb_menu_out *out, unsigned mode, uint64_t now_ms)
{
	const bool may = is_asking(m) || (m->phase == LB_MENU_LEAD && !m->config.forced);

	if (!may || !has_mode(&m->config, mode))
		return;
	m->answered = true;
	announce(m, out, mode, now_ms);
}

static void take(struct lb_menu *m, struct lb_menu_out *out, const struct lb_menu_event *ev,
		 uint64_t now_ms)
{
	switch (ev->kind) {
	case LB_MENU_TICK:
		break;
	case LB_MENU_DOWN:
	case LB_MENU_UP:
		take_level(m, ev->number, ev->kind == LB_MENU_DOWN, now_ms);
		break;
	case LB_MENU_READY:
		if (m->phase == LB_MENU_STARTING)
			enter(m, out, LB_MENU_LEAD, now_ms);
		break;
	case LB_MENU_CHOOSE:
		choose(m, out, ev->number, now_ms);
		break;
	case LB_MENU_DONE:
		if (m->phase == LB_MENU_WORKING)
			enter(m, out, LB_MENU_REBOOT, now_ms);
		break;
	case LB_MENU_FAILED:
	case LB_MENU_STRANDED:
		if (m->phase != LB_MENU_WORKING)
			break;
		m->failure = (enum lb_failure)ev->number;
		m->stranded = ev->kind == LB_MENU_STRANDED;
		enter(m, out, LB_MENU_SHOWING, now_ms);
		break;
	}
}

/* One stretch of a rhythm: its level, and when it ends. */
struct stretch {
	bool on;
	uint64_t until_ms;
};

/* Blinks, each dark first. */
static struct stretch blinks(uint64_t into_ms)
{
	const uint64_t start = into_ms / BLINK_MS * BLINK_MS;

	if (into_ms - start < BLINK_OFF_MS)
		return (struct stretch){false, start + BLINK_OFF_MS};
	return (struct stretch){true, start + BLINK_MS};
}

static struct stretch announcement(uint64_t into_ms, unsigned n)
{
	struct stretch s;

	if (into_ms < PAUSE_MS)
		return (struct stretch){false, PAUSE_MS};
	if (into_ms >= PAUSE_MS + (uint64_t)n * BLINK_MS)
		return (struct stretch){false, announcement_ms(n)};
	s = blinks(into_ms - PAUSE_MS);
	s.until_ms += PAUSE_MS;
	return s;
}

static struct stretch failure(uint64_t into_ms, unsigned n)
{
	const uint64_t beat = FAILED_LEAD_MS + (uint64_t)n * BLINK_MS + FAILED_GAP_MS;
	const uint64_t start = into_ms / beat * beat;
	struct stretch s = {false, 0};

	into_ms -= start;
	if (into_ms < FAILED_LEAD_MS) {
		s.until_ms = FAILED_LEAD_MS;
	} else if (into_ms >= FAILED_LEAD_MS + (uint64_t)n * BLINK_MS) {
		s.until_ms = beat;
	} else {
		s = blinks(into_ms - FAILED_LEAD_MS);
		s.until_ms += FAILED_LEAD_MS;
	}
	s.until_ms += start;
	return s;
}

static struct stretch led(const struct lb_menu *m, uint64_t now_ms)
{
	const uint64_t into_ms = now_ms - m->since_ms;
	struct stretch s = {false, LB_MENU_NEVER};

	switch (m->phase) {
	case LB_MENU_SENSING:
	case LB_MENU_LEAD:
	case LB_MENU_WAITING:
	case LB_MENU_BOOT: /* until the system takes over */
	case LB_MENU_REBOOT:
		return (struct stretch){true, LB_MENU_NEVER};
	case LB_MENU_STARTING:
		return s;
	case LB_MENU_ANNOUNCING:
		return announcement(into_ms, m->mode);
	case LB_MENU_WORKING:
		s.on = lb_led_level(LB_LED_WORKING, 0, into_ms, &s.until_ms);
		return s;
	case LB_MENU_SHOWING:
		return failure(into_ms, (unsigned)m->failure);
	}
	return s;
}

static struct stretch held_led(const struct lb_menu *m, uint64_t now_ms)
{
	struct stretch s = {false, LB_MENU_NEVER};

	if (m->phase == LB_MENU_STARTING)
		s.on = lb_led_level(LB_LED_HELD, 0, now_ms - m->since_ms, &s.until_ms);
	return s;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void fill(struct lb_menu *m, struct lb_menu_out *out, uint64_t now_ms)
{
	const struct stretch s = led(m, now_ms), held = held_led(m, now_ms);
	const struct lb_menu_button *b = first_to_settle(m);

	out->phase = m->phase;
	out->mode = m->mode;
	out->led = s.on;
	out->held_led = held.on;
	out->wake_ms = earlier(end_ms(m), b ? settles_ms(m, b) : LB_MENU_NEVER);
	if (s.until_ms != LB_MENU_NEVER)
		out->wake_ms = earlier(out->wake_ms, m->since_ms + s.until_ms);
	if (held.until_ms != LB_MENU_NEVER)
		out->wake_ms = earlier(out->wake_ms, m->since_ms + held.until_ms);
}

void lb_menu_open(struct lb_menu *m, const struct lb_menu_config *config, unsigned held,
		  uint64_t now_ms)
{
	const bool sensed = config->hold_ms == 0 || config->forced;

	*m = (struct lb_menu){.config = *config,
			      .phase = sensed ? LB_MENU_LEAD : LB_MENU_SENSING,
			      .since_ms = now_ms,
			      .mode = config->start,
			      .answered = held == 0};
	for (unsigned i = 0; i < LB_BUTTONS_MAX; i++) {
		struct lb_menu_button *b = &m->buttons[i];

		b->down = b->pressed = held >> i & 1;
		b->since_ms = now_ms;
	}
	if (!sensed && !held)
		m->phase = LB_MENU_BOOT;
}

struct lb_menu_out lb_menu_step(struct lb_menu *m, const struct lb_menu_event *ev, uint64_t now_ms)
{
	struct lb_menu_out out = {0};

	catch_up(m, &out, now_ms);
	take(m, &out, ev, now_ms);
	catch_up(m, &out, now_ms);
	fill(m, &out, now_ms);
	return out;
}
