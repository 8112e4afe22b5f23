#include "lifeline/listener.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lifeline/capture.h"
#include "lifeline/privileges.h"
#include "lifeline/report.h"
#include "lifeline/verb.h"

#define SAY(...) (void)fprintf(stderr, "lifeline: " __VA_ARGS__)

static const struct timeval tick = {.tv_usec = 500 * 1000};

struct ear {
	struct listener *listener;
	char name[LB_IFNAME_MAX];
	struct lb_capture capture;
	struct event *readable;
};

struct listener {
	const struct lb_listen_how *how;
	struct event_base *base;
	struct event *tick, *deadline, *interrupt, *terminate;
	struct ear ears[LB_LINKS_MAX];
	size_t ear_count, deaf_count;
	struct lb_sessions sessions;
	uint64_t start_ms;
	unsigned not_understood;
	bool interrupted, failed;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void stop(struct listener *l)
{
	(void)event_base_loopbreak(l->base);
}

static void report(struct listener *l, enum lb_news news, const struct lb_sighting *s)
{
	if (!l->how->json)
		lb_report_words(news, s);
	else if (lb_report_json(news, s, now_ms() - l->start_ms) < 0)
		l->failed = true;
	if (fflush(stdout) != 0)
		l->failed = true;
	if (l->failed)
		stop(l);
}

static bool heard_enough(const struct listener *l)
{
	return l->how->count > 0 && l->sessions.devices >= l->how->count;
}

static void on_frame(void *ctx, const uint8_t *frame, size_t n)
{
	const struct ear *ear = ctx;
	struct listener *l = ear->listener;
	const struct lb_session *session;
	struct lb_sighting seen;
	enum lb_news news;

	if (heard_enough(l))
		return; /* frames that waited together with the last one */
	if (lb_sighting_read(&seen, frame, n) < 0) {
		l->not_understood++;
		return;
	}
	memcpy(seen.interface, ear->name, sizeof(seen.interface));
	news = lb_sessions_see(&l->sessions, &seen, now_ms(), &session);
	if (news != LB_NEWS_NONE)
		report(l, news, &session->last);
	if (heard_enough(l))
		stop(l);
}

static void hear(struct ear *ear)
{
	struct listener *l = ear->listener;
	char why[LB_SENTENCE_MAX];

	if (lb_capture_read(&ear->capture, on_frame, ear, why) == 0)
		return;
	SAY("%s cannot be heard any more: %s\n", ear->name, why);
	event_free(ear->readable);
	ear->readable = NULL;
	lb_capture_close(&ear->capture);
	if (++l->deaf_count == l->ear_count)
		stop(l);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	hear(ctx);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct listener *l = ctx;
	const struct lb_session *lost;

	/* libpcap finds out that an interface is gone at a call after the one that the descriptor
	 * asked for. */
	for (size_t i = 0; i < l->ear_count; i++)
		if (l->ears[i].readable)
			hear(&l->ears[i]);
	while ((lost = lb_sessions_next_lost(&l->sessions, now_ms())))
		report(l, LB_NEWS_LOST, &lost->last);
}

static void on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	stop(ctx);
}

static void on_signal(evutil_socket_t fd, short what, void *ctx)
{
	struct listener *l = ctx;

	l->interrupted = true;
	stop(l);
}

static int exit_of(int err)
{
	if (err == LB_E(AUTH))
		return LB_LINE_PERMISSION;
	return err == LB_E(NOENT) || err == LB_E(UNSUP) ? LB_LINE_NO_LINK : LB_LINE_SYSTEM;
}

/* A code of lifeline_exits.def. */
static int open_ear(struct listener *l, const char *name)
{
	struct ear *ear = &l->ears[l->ear_count];
	char why[LB_SENTENCE_MAX];
	struct lb_link link;
	int err = lb_link_find(&link, name);

	if (err == LB_E(NOENT)) {
		SAY("there is no interface %s: 'ip link' lists those of this PC\n", name);
		return LB_LINE_NO_LINK;
	}
	if (err == 0)
		err = lb_capture_open(&ear->capture, name, why);
	else
		(void)snprintf(why, sizeof(why), "the list of interfaces %s", lb_strerror(err));
	if (err < 0) {
		SAY("%s\n", why);
		return exit_of(err);
	}
	ear->listener = l;
	(void)snprintf(ear->name, sizeof(ear->name), "%s", name);
	l->ear_count++;
	return LB_LINE_OK;
}

static int open_every_ethernet(struct listener *l)
{
	struct lb_link links[LB_LINKS_MAX];
	int n = lb_links_list(links, LB_LINKS_MAX);

	for (int i = 0; i < n; i++) {
		int code =
			links[i].ethernet && links[i].up ? open_ear(l, links[i].name) : LB_LINE_OK;

		if (code != LB_LINE_OK)
			return code;
	}
	if (l->ear_count > 0)
		return LB_LINE_OK;
	SAY("this PC has no Ethernet interface that is up: switch one on with 'sudo ip link set "
	    "IFACE up'\n");
	return LB_LINE_NO_LINK;
}

static int open_ears(struct listener *l)
{
	if (l->how->interface_count == 0)
		return open_every_ethernet(l);
	for (size_t i = 0; i < l->how->interface_count; i++) {
		int code = open_ear(l, l->how->interfaces[i]);

		if (code != LB_LINE_OK)
			return code;
	}
	return LB_LINE_OK;
}

static bool arm(struct event *e, const struct timeval *after)
{
	return e && event_add(e, after) == 0;
}

static int start_events(struct listener *l)
{
	struct timeval deadline = {.tv_sec = l->how->seconds};
	bool ok;

	l->base = event_base_new();
	if (!l->base)
		return LB_E(NOSPC);
	l->tick = event_new(l->base, -1, EV_PERSIST, on_tick, l);
	l->interrupt = evsignal_new(l->base, SIGINT, on_signal, l);
	l->terminate = evsignal_new(l->base, SIGTERM, on_signal, l);
	l->deadline = evtimer_new(l->base, on_deadline, l);
	ok = arm(l->tick, &tick) && arm(l->interrupt, NULL) && arm(l->terminate, NULL) &&
	     (l->how->seconds == 0 || arm(l->deadline, &deadline));
	for (size_t i = 0; ok && i < l->ear_count; i++) {
		struct ear *ear = &l->ears[i];

		ear->readable =
			event_new(l->base, ear->capture.fd, EV_READ | EV_PERSIST, on_readable, ear);
		ok = arm(ear->readable, NULL);
	}
	return ok ? 0 : LB_E(NOSPC);
}

static bool has_carrier(const char *name)
{
	struct lb_link link;

	return lb_link_find(&link, name) == 0 && link.carrier;
}

static void say_listening(struct listener *l)
{
	const char *names[LB_LINKS_MAX];

	for (size_t i = 0; i < l->ear_count; i++)
		names[i] = l->ears[i].name;
	if (l->how->json) {
		if (lb_report_json_listening(names, l->ear_count) < 0 || fflush(stdout) != 0)
			l->failed = true;
		return;
	}
	SAY("listening on");
	for (size_t i = 0; i < l->ear_count; i++)
		(void)fprintf(stderr, "%s %s%s", i > 0 ? "," : "", names[i],
			      has_carrier(names[i]) ? "" : " (no link yet)");
	(void)fputs("; switch the router off and on now. Ctrl-C ends.\n", stderr);
}

static bool any_carrier(const struct listener *l)
{
	for (size_t i = 0; i < l->ear_count; i++)
		if (has_carrier(l->ears[i].name))
			return true;
	return false;
}

/* A code of lifeline_exits.def. */
static int sum_up(const struct listener *l)
{
	if (l->not_understood > 0)
		SAY("%u datagrams on the ports of routers were not understood\n",
		    l->not_understood);
	if (l->failed) {
		SAY("cannot write to standard output\n");
		return LB_LINE_SYSTEM;
	}
	if (l->sessions.devices > 0)
		return LB_LINE_OK;
	if (l->interrupted) {
		SAY("interrupted before any device was heard\n");
		return LB_LINE_INTERRUPTED;
	}
	if (!any_carrier(l)) {
		SAY("no link: is the cable in, and does the router have power?\n");
		return LB_LINE_NO_LINK;
	}
	SAY("no device was heard: try each LAN port of the router, first LAN1, and switch the "
	    "router on while lifeline listens\n");
	return LB_LINE_NO_DEVICE;
}

static void release_eventp(struct event *e)
{
	if (e)
		event_free(e);
}

static void close_all(struct listener *l)
{
	for (size_t i = 0; i < l->ear_count; i++) {
		release_eventp(l->ears[i].readable);
		lb_capture_close(&l->ears[i].capture);
	}
	release_eventp(l->tick);
	release_eventp(l->deadline);
	release_eventp(l->interrupt);
	release_eventp(l->terminate);
	if (l->base)
		event_base_free(l->base);
}

static int listen_until_told(struct listener *l)
{
	int code = open_ears(l);

	if (code != LB_LINE_OK)
		return code;
	if (lb_privileges_drop() < 0) {
		SAY("cannot give up root's privileges, and does not parse what comes from the wire "
		    "with them\n");
		return LB_LINE_SYSTEM;
	}
	l->start_ms = now_ms();
	if (start_events(l) < 0) {
		SAY("cannot wait for frames: out of memory\n");
		return LB_LINE_SYSTEM;
	}
	say_listening(l);
	if (!l->failed)
		(void)event_base_dispatch(l->base);
	return sum_up(l);
}

int lb_listen(const struct lb_listen_how *how)
{
	static struct listener l; /* half a megabyte of sessions is no matter for the stack */
	int code;

	l = (struct listener){.how = how};
	code = listen_until_told(&l);
	close_all(&l);
	return code;
}
