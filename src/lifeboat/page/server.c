#include "lifeboat/page/server.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "plat/linux/machine/machine.h"
#include "tables/limits.h"
#include "web/host.h"

#define TIMEOUT_S	 10   /* a browser that says nothing for so long is gone */
#define HEADER_BYTES_MAX 4096 /* what browsers send has some 600 */
#define PAUSE_S		 1    /* without a descriptor for one more connection */

static struct server {
	struct event_base *base;
	struct evhttp *http;
	struct evconnlistener *listener;
	struct event *news, *resume;
	struct lb_page_news last;
	bool told; /* `last` is something */
} server;

/* A page that changes with each look at it, shows no frame of somebody else's, and loads nothing.
 */
static const struct {
	const char *name, *value;
} fields[] = {
	{"Cache-Control", "no-store"},
	{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri "
				    "'none'; form-action 'none'; frame-ancestors 'none'"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Content-Type-Options", "nosniff"},
	{"Connection", "close"}, /* there are few of them, and no second thing to fetch */
};

static void answer(struct evhttp_request *r, int code, const char *reason, const char *type,
		   const char *body)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(r);
	struct evbuffer *data = evbuffer_new();

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		(void)evhttp_add_header(out, fields[i].name, fields[i].value);
	(void)evhttp_add_header(out, "Content-Type", type);
	if (data && evhttp_request_get_command(r) != EVHTTP_REQ_HEAD) /* libevent would send it */
		(void)evbuffer_add(data, body, strlen(body));
	evhttp_send_reply(r, code, reason, data);
	if (data)
		evbuffer_free(data);
}

static void refuse(struct evhttp_request *r, int code, const char *reason, const char *sentence)
{
	answer(r, code, reason, "text/plain; charset=utf-8", sentence);
}

static void send_page(struct server *s, struct evhttp_request *r)
{
	static char page[LB_PAGE_BYTES_MAX];
	const uint64_t now_ms = lb_monotonic_ms(), leaves_ms = s->last.leaves_ms;

	s->last.facts.left_s = 0;
	if (leaves_ms)
		s->last.facts.left_s =
			leaves_ms > now_ms + 1000 ? (unsigned)((leaves_ms - now_ms) / 1000) : 1;
	if (lb_page_render(&s->last.facts, page, sizeof(page)) < 0)
		refuse(r, 500, "Internal Server Error", "What is to be said does not fit.\n");
	else
		answer(r, 200, "OK", "text/html; charset=utf-8", page);
}

static bool is_meant_for_us(const struct server *s, struct evhttp_request *r)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r);
	const char *field = evhttp_find_header(evhttp_request_get_input_headers(r), "Host");
	const char *address = s->last.facts.address, *name = s->last.name;

	return lb_host_is_ours(field, address, name) &&
	       lb_host_is_ours(evhttp_uri_get_host(uri), address, name);
}

static void on_request(struct evhttp_request *r, void *ctx)
{
	struct server *s = ctx;
	const enum evhttp_cmd_type method = evhttp_request_get_command(r);
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(r));

	if (!s->told) {
		refuse(r, 503, "Service Unavailable", "Not ready yet: try again.\n");
	} else if (!is_meant_for_us(s, r)) {
		refuse(r, 421, "Misdirected Request", "This router is asked by its address.\n");
	} else if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
		(void)evhttp_add_header(evhttp_request_get_output_headers(r), "Allow", "GET, HEAD");
		refuse(r, 405, "Method Not Allowed", "This page can only be read.\n");
	} else if (path && strcmp(path, "/") == 0) {
		send_page(s, r);
	} else if (path && strcmp(path, LB_PAGE_STATUS) == 0 && s->last.status[0]) {
		answer(r, 200, "OK", "application/json", s->last.status);
	} else {
		refuse(r, 404, "Not Found", "There is nothing here but the page /.\n");
	}
}

static void on_news(evutil_socket_t fd, short what, void *ctx)
{
	static struct lb_page_news n;
	struct server *s = ctx;
	const ssize_t got = recv(fd, &n, sizeof(n), MSG_DONTWAIT);

	if (got == (ssize_t)sizeof(n)) {
		s->last = n;
		s->told = true;
	} else if (got == 0) {
		(void)event_base_loopbreak(s->base);
	}
}

/* Without a rest the loop would spin until a connection ends. `ctx` is evhttp's own, which has the
 * listener. */
static void on_full(struct evconnlistener *listener, void *ctx)
{
	static const struct timeval pause = {.tv_sec = PAUSE_S};

	(void)evconnlistener_disable(listener);
	(void)evtimer_add(server.resume, &pause);
}

static void on_resume(evutil_socket_t fd, short what, void *ctx)
{
	(void)evconnlistener_enable(((struct server *)ctx)->listener);
}

static void be_quiet(int severity, const char *text)
{
}

static bool set_up(struct server *s, int listener, int news)
{
	s->base = event_base_new();
	s->http = s->base ? evhttp_new(s->base) : NULL;
	if (!s->http)
		return false;
	evhttp_set_max_headers_size(s->http, HEADER_BYTES_MAX);
	evhttp_set_max_body_size(s->http, 0);
	evhttp_set_timeout(s->http, TIMEOUT_S);
	evhttp_set_allowed_methods(s->http, UINT16_MAX); /* on_request() knows a better answer */
	evhttp_set_gencb(s->http, on_request, s);
	s->resume = evtimer_new(s->base, on_resume, s);
	s->news = event_new(s->base, news, EV_READ | EV_PERSIST, on_news, s);
	s->listener = evconnlistener_new(s->base, NULL, NULL, 0, 0, listener);
	if (!s->resume || !s->news || event_add(s->news, NULL) < 0 || !s->listener ||
	    !evhttp_bind_listener(s->http, s->listener))
		return false;
	evconnlistener_set_error_cb(s->listener, on_full);
	return true;
}

int lb_page_serve(int listener, int news)
{
	event_set_log_callback(be_quiet); /* what strangers do wrong is no news */
	if (!set_up(&server, listener, news))
		return LB_EXIT_SYSTEM; /* and the process ends: what was set up goes with it */
	(void)event_base_dispatch(server.base);
	return LB_EXIT_OK;
}
