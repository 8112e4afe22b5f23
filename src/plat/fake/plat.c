#include "plat/fake/plat.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plat/fake/power.h"

#define FOR_EVER UINT64_MAX
#define HOUR_MS	 (3600 * 1000)

static void PRINTF_LIKE(2, 3) trace(struct lb_fake_plat *f, const char *fmt, ...)
{
	size_t room = sizeof(f->trace) - f->trace_len;
	va_list args;
	int n;

	va_start(args, fmt);
	n = snprintf(f->trace + f->trace_len, room, "%" PRIu64 " ", f->now_ms - f->start_ms);
	if (n >= 0 && (size_t)n < room)
		n += vsnprintf(f->trace + f->trace_len + n, room - (size_t)n, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		lb_fake_die("the trace of the dialogue is too long");
	f->trace_len += (size_t)n;
}

static void check_clock(struct lb_fake_plat *f)
{
	if (f->now_ms < f->checked_ms)
		lb_fake_die("the clock ran backwards, from %" PRIu64 " to %" PRIu64, f->checked_ms,
			    f->now_ms);
	if (f->now_ms > f->ends_ms)
		lb_fake_die("the dialogue is not over at %" PRIu64 " ms", f->now_ms - f->start_ms);
	f->checked_ms = f->now_ms;
}

static uint64_t fake_now(void *ctx)
{
	struct lb_fake_plat *f = ctx;

	check_clock(f);
	return f->now_ms;
}

static void pass_time(struct lb_fake_plat *f, uint64_t until_ms)
{
	if (f->late_ms > 0)
		until_ms += lb_fake_random(&f->random) % (f->late_ms + 1);
	if (until_ms >= f->start_ms + f->stall_ms && until_ms < f->start_ms + f->stalled_ms)
		until_ms = f->start_ms + f->stalled_ms;
	if (until_ms > f->now_ms)
		f->now_ms = until_ms;
}

static void fake_wait(void *ctx, uint64_t until_ms, struct plat_event *ev)
{
	struct lb_fake_plat *f = ctx;
	const struct lb_fake_scripted *next =
		f->delivered < f->script_len ? &f->script[f->delivered] : NULL;

	check_clock(f);
	f->waits++;
	if (until_ms <= f->known_ms)
		lb_fake_die("the dialogue would spin: at %" PRIu64
			    " ms it asks to be woken %" PRIu64 " ms before what it has just seen",
			    f->now_ms - f->start_ms, f->known_ms - until_ms);
	if (until_ms == FOR_EVER && !next)
		lb_fake_die("the dialogue would sleep for ever");
	pass_time(f, next && next->delivered_ms < until_ms ? next->delivered_ms : until_ms);
	/* As in plat/linux: what has happened comes before what has not. */
	if (next && next->delivered_ms <= f->now_ms) {
		*ev = next->ev;
		f->delivered++;
	} else
		*ev = (struct plat_event){.kind = PLAT_EV_TIMEOUT, .at_ms = f->now_ms};
	f->known_ms = ev->at_ms;
	check_clock(f);
}

static void fake_led(void *ctx, enum lb_led_role role, bool on)
{
	struct lb_fake_plat *f = ctx;

	check_clock(f);
	if (role >= LB_ROLE_COUNT)
		lb_fake_die("there is no LED role %d", (int)role);
	if (f->lit[role] == on)
		return;
	if (f->edge_count == LB_FAKE_EDGES_MAX)
		lb_fake_die("the LED changes too often");
	f->lit[role] = on;
	f->edges[f->edge_count++] =
		(struct lb_fake_edge){.at_ms = f->now_ms - f->start_ms, .role = role, .on = on};
	trace(f, "led %s %s\n", lb_led_role_name(role), on ? "on" : "off");
}

static void fake_say(void *ctx, const char *text)
{
	struct lb_fake_plat *f = ctx;

	check_clock(f);
	if (strpbrk(text, "\r\n"))
		lb_fake_die("more than one line is said at once: %s", text);
	trace(f, "say %s\n", text);
	f->now_ms += f->say_takes_ms;
}

static void fake_announce(void *ctx, enum lb_state state, enum lb_reason reason, unsigned left_ms)
{
	struct lb_fake_plat *f = ctx;

	check_clock(f);
	trace(f, "announce %s %s %u\n", lb_state_name(state), lb_reason_name(reason), left_ms);
}

void lb_fake_plat_init(struct lb_fake_plat *f, uint64_t now_ms)
{
	memset(f, 0, sizeof(*f));
	f->start_ms = f->now_ms = f->checked_ms = f->known_ms = now_ms;
	f->ends_ms = now_ms + HOUR_MS;
}

struct plat lb_fake_plat(struct lb_fake_plat *f)
{
	return (struct plat){
		.ctx = f,
		.now_ms = fake_now,
		.wait = fake_wait,
		.led = fake_led,
		.say = fake_say,
		.announce = fake_announce,
	};
}

void lb_fake_event(struct lb_fake_plat *f, uint64_t delivered_ms, const struct plat_event *ev)
{
	struct lb_fake_scripted *s = &f->script[f->script_len];

	if (f->script_len == LB_FAKE_SCRIPT_MAX)
		lb_fake_die("the script is too long");
	if (delivered_ms < ev->at_ms)
		lb_fake_die("an event of %" PRIu64 " ms cannot be known at %" PRIu64 " ms",
			    ev->at_ms, delivered_ms);
	*s = (struct lb_fake_scripted){.delivered_ms = f->start_ms + delivered_ms, .ev = *ev};
	s->ev.at_ms += f->start_ms;
	if (f->script_len > 0 && s->delivered_ms < s[-1].delivered_ms)
		lb_fake_die("the script runs backwards at %" PRIu64 " ms", delivered_ms);
	f->script_len++;
}

void lb_fake_button(struct lb_fake_plat *f, uint64_t at_ms, unsigned index, bool down)
{
	const struct plat_event ev = {
		.kind = PLAT_EV_BUTTON, .at_ms = at_ms, .index = index, .down = down};

	lb_fake_event(f, at_ms, &ev);
}

void lb_fake_line(struct lb_fake_plat *f, uint64_t at_ms, const char *text)
{
	struct plat_event ev = {.kind = PLAT_EV_LINE, .at_ms = at_ms};

	if (snprintf(ev.text, sizeof(ev.text), "%s", text) >= (int)sizeof(ev.text))
		lb_fake_die("no console gives a line of %zu bytes", strlen(text));
	lb_fake_event(f, at_ms, &ev);
}
