#include "plat/linux/machine/machine.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/machine/watchdog.h"

#define LONGEST_WAIT_MS \
	(24ull * 3600 * 1000) /* "for ever" wakes once a day: nobody notices, nothing overflows */
#define NO_LOOP_TICK_MS 50
#define LAST_WORDS_MS	2000
#define GO_OUT_MS	1000

static void push(struct lb_machine *m, struct plat_event ev)
{
	if (ev.at_ms == 0)
		ev.at_ms = lb_monotonic_ms();
	if (m->queue_len == LB_QUEUE_MAX) {
		log_warn("events come faster than they can be handled: one is lost");
		return;
	}
	m->queue[(m->queue_head + m->queue_len++) % LB_QUEUE_MAX] = ev;
}

/* A device that is gone stays readable for ever: without this the loop would spin. */
static void drop_source(struct lb_machine *m, evutil_socket_t fd)
{
	for (size_t i = 0; i < m->source_count; i++)
		if (m->sources[i] && event_get_fd(m->sources[i]) == fd &&
		    event_get_events(m->sources[i]) & EV_READ)
			(void)event_del(m->sources[i]);
}

static void on_input(evutil_socket_t fd, short what, void *ctx)
{
	struct lb_machine *m = ctx;
	struct plat_event ev = {.kind = PLAT_EV_BUTTON};

	/* At most half a queue at a time: the rest waits in the kernel. */
	for (int i = 0; i < LB_QUEUE_MAX / 2; i++) {
		int rc = lb_inputs_read(&m->inputs, fd, &ev.index, &ev.down, &ev.at_ms);

		if (rc < 0)
			drop_source(m, fd);
		if (rc != 1)
			return;
		push(m, ev);
	}
}

static void on_console(evutil_socket_t fd, short what, void *ctx)
{
	struct plat_event ev = {.kind = PLAT_EV_LINE};
	int rc = lb_console_read_line(fd, ev.text);

	if (rc == 1)
		push(ctx, ev);
	else if (rc < 0)
		drop_source(ctx, fd);
}

/* Ended children wait in the kernel until pop() has time for them: an end that got lost in a full
 * queue would be waited for for ever. */
static void on_child(evutil_socket_t signal_number, short what, void *ctx)
{
	((struct lb_machine *)ctx)->child_ended = true;
}

static void on_signal(evutil_socket_t signal_number, short what, void *ctx)
{
	push(ctx, (struct plat_event){.kind = PLAT_EV_SIGNAL, .number = signal_number});
}

static void on_control(evutil_socket_t fd, short what, void *ctx)
{
	struct plat_event ev = {.kind = PLAT_EV_CONTROL};
	ssize_t n = recv(fd, ev.text, sizeof(ev.text) - 1, MSG_DONTWAIT);

	if (n > 0)
		push(ctx, ev);
}

static void on_kick(evutil_socket_t fd, short what, void *ctx)
{
	lb_watchdog_kick(((struct lb_machine *)ctx)->watchdog);
}

static void on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	*(bool *)ctx = true;
}

static int add_source(struct lb_machine *m, evutil_socket_t fd, short what, event_callback_fn fn,
		      const struct timeval *every)
{
	struct event *e;

	if (m->source_count == sizeof(m->sources) / sizeof(m->sources[0]))
		return LB_E(NOSPC);
	e = event_new(m->base, fd, what | EV_PERSIST, fn, m);
	if (!e || event_add(e, every) < 0) {
		if (e)
			event_free(e);
		return LB_E(IO);
	}
	m->sources[m->source_count++] = e;
	return 0;
}

static int add_sources(struct lb_machine *m)
{
	static const int asks[] = {SIGTERM, SIGUSR1, SIGUSR2, SIGINT};
	const unsigned kick_ms = lb_watchdog_period_ms(m->watchdog);
	const struct timeval kick = {.tv_sec = kick_ms / 1000,
				     .tv_usec = (suseconds_t)(kick_ms % 1000 * 1000)};
	int rc = add_source(m, SIGCHLD, EV_SIGNAL, on_child, NULL);

	for (size_t i = 0; rc == 0 && i < sizeof(asks) / sizeof(asks[0]); i++)
		rc = add_source(m, asks[i], EV_SIGNAL, on_signal, NULL);
	if (rc == 0 && m->watchdog >= 0)
		rc = add_source(m, -1, 0, on_kick, &kick);
	for (size_t i = 0; rc == 0 && i < m->inputs.count; i++)
		if (add_source(m, m->inputs.fds[i], EV_READ, on_input, NULL) < 0)
			log_warn("a button device cannot be listened to: going on without it");
	m->console_sources_at = m->source_count;
	for (size_t i = 0; rc == 0 && i < m->consoles.count; i++) {
		/* A console that cannot be polled can still be written to. */
		if (add_source(m, m->consoles.fds[i], EV_READ, on_console, NULL) == 0)
			m->console_source_count++;
	}
	return rc;
}

int lb_machine_start(struct lb_machine *m)
{
	struct event_config *config = event_config_new();

	int rc;

	m->control = -1;
	if (config && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
		m->base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	rc = m->base ? add_sources(m) : LB_E(NOSPC);
	if (rc < 0)
		lb_machine_stop(m);
	return rc;
}

void lb_machine_stop(struct lb_machine *m)
{
	for (size_t i = 0; i < m->source_count; i++)
		if (m->sources[i])
			event_free(m->sources[i]);
	m->source_count = 0;
	if (m->control >= 0)
		(void)close(m->control);
	m->control = -1;
	if (m->base)
		event_base_free(m->base);
	m->base = NULL;
	m->queue_len = 0;
}

void lb_machine_release_consoles(struct lb_machine *m)
{
	size_t end = m->console_sources_at + m->console_source_count;

	for (size_t i = m->console_sources_at; i < end; i++) {
		if (m->sources[i])
			event_free(m->sources[i]);
		m->sources[i] = NULL;
	}
}

int lb_machine_listen(struct lb_machine *m, const char *path)
{
	CLEANUP(lb_fd_closep)
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int rc;

	if (fd < 0 ||
	    snprintf(at.sun_path, sizeof(at.sun_path), "%s", path) >= (int)sizeof(at.sun_path))
		return LB_E(NOSPC);
	(void)unlink(path); /* of an earlier boot gate: nobody else may listen here */
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || chmod(path, 0600) < 0)
		return lb_err_from_errno(errno);
	rc = add_source(m, fd, EV_READ, on_control, NULL);
	if (rc == 0)
		m->control = lb_fd_take(&fd);
	return rc;
}

static uint64_t plat_now(void *ctx)
{
	return lb_monotonic_ms();
}

static bool pop_child(struct lb_machine *m, struct plat_event *ev)
{
	int status;
	pid_t pid = m->child_ended ? waitpid(-1, &status, WNOHANG) : 0;

	if (pid <= 0) {
		m->child_ended = false;
		return false;
	}
	*ev = (struct plat_event){
		.kind = PLAT_EV_CHILD, .at_ms = lb_monotonic_ms(), .pid = pid, .status = status};
	return true;
}

static bool pop(struct lb_machine *m, struct plat_event *ev)
{
	if (pop_child(m, ev))
		return true;
	if (m->queue_len == 0)
		return false;
	*ev = m->queue[m->queue_head];
	m->queue_head = (m->queue_head + 1) % LB_QUEUE_MAX;
	m->queue_len--;
	return true;
}

/* Without an event loop: children are still reaped and the watchdog still fed, a tick at a time. */
static void wait_without_loop(struct lb_machine *m, uint64_t until_ms, struct plat_event *ev)
{
	uint64_t now_ms = lb_monotonic_ms();
	uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
	struct timespec tick = {
		.tv_nsec = (long)(left_ms < NO_LOOP_TICK_MS ? left_ms : NO_LOOP_TICK_MS) * 1000000};

	lb_watchdog_kick(m->watchdog);
	m->child_ended = true;
	if (pop(m, ev))
		return;
	(void)nanosleep(&tick, NULL);
	*ev = (struct plat_event){.kind = PLAT_EV_TIMEOUT, .at_ms = lb_monotonic_ms()};
}

static void plat_wait(void *ctx, uint64_t until_ms, struct plat_event *ev)
{
	struct lb_machine *m = ctx;
	uint64_t now_ms = lb_monotonic_ms();

	if (!m->base) {
		wait_without_loop(m, until_ms, ev);
		return;
	}
	bool late = false;
	struct event *deadline = evtimer_new(m->base, on_deadline, &late);

	while (!pop(m, ev)) {
		uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
		struct timeval tv;

		if (left_ms > LONGEST_WAIT_MS)
			left_ms = LONGEST_WAIT_MS;
		tv = (struct timeval){.tv_sec = (time_t)(left_ms / 1000),
				      .tv_usec = (suseconds_t)(left_ms % 1000 * 1000)};
		if (late) {
			*ev = (struct plat_event){.kind = PLAT_EV_TIMEOUT, .at_ms = now_ms};
			break;
		}
		if (!deadline || evtimer_add(deadline, &tv) < 0 ||
		    event_base_loop(m->base, EVLOOP_ONCE) < 0) {
			wait_without_loop(m, until_ms, ev);
			break;
		}
		now_ms = lb_monotonic_ms();
	}
	if (deadline)
		event_free(deadline);
}

static void plat_led(void *ctx, enum lb_led_role role, bool on)
{
	lb_leds_set(&((struct lb_machine *)ctx)->leds, role, on);
}

static void plat_say(void *ctx, const char *text)
{
	lb_consoles_say(&((struct lb_machine *)ctx)->consoles, text);
}

void lb_machine_last_words(struct lb_machine *m)
{
	lb_consoles_be_patient(&m->consoles, LAST_WORDS_MS, m->watchdog);
}

void lb_machine_fall_silent(struct lb_machine *m)
{
	lb_consoles_drain(&m->consoles, GO_OUT_MS, m->watchdog);
}

void lb_machine_say_out(struct lb_machine *m, const char *text)
{
	lb_machine_last_words(m);
	lb_consoles_say(&m->consoles, text);
	lb_machine_fall_silent(m);
}

static void plat_announce(void *ctx, enum lb_state state, enum lb_reason reason, unsigned left_ms)
{
	struct lb_machine *m = ctx;

	if (m->announcer && m->lan.device[0])
		m->announcer(m->announcer_ctx, &m->lan, state, reason, left_ms);
}

struct plat lb_machine_plat(struct lb_machine *m)
{
	return (struct plat){
		.ctx = m,
		.now_ms = plat_now,
		.wait = plat_wait,
		.led = plat_led,
		.say = plat_say,
		.announce = plat_announce,
	};
}
