/* The server as a browser meets it, over a socket of this machine; what it gives up beforehand is
 * seen end to end. */
#include "tests/t.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lifeboat/page/rights.h"
#include "lifeboat/page/server.h"

#define HOST "Host: 192.168.1.1\r\n"

static struct {
	struct sockaddr_in at;
	int news;
	pid_t pid;
} server;

static char answer[3 * LB_PAGE_BYTES_MAX];

static int start(void **state)
{
	socklen_t n = sizeof(server.at);
	int ends[2], listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	server.at = (struct sockaddr_in){.sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_return_code(bind(listener, (struct sockaddr *)&server.at, n), 0);
	assert_return_code(listen(listener, 8), 0);
	assert_return_code(getsockname(listener, (struct sockaddr *)&server.at, &n), 0);
	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	server.news = ends[0];
	server.pid = fork();
	if (server.pid == 0) {
		static const struct rlimit few = {LB_PAGE_FDS, LB_PAGE_FDS};

		(void)close(ends[0]);
		(void)setrlimit(RLIMIT_NOFILE, &few);
		_exit(lb_page_serve(listener, ends[1]));
	}
	(void)close(ends[1]);
	(void)close(listener);
	return 0;
}

static int stop(void **state)
{
	int status = -1;

	(void)close(server.news); /* nobody is left who could tell it something */
	assert_int_equal(waitpid(server.pid, &status, 0), server.pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return 0;
}

static struct lb_page_news *news(void)
{
	static struct lb_page_news n;

	memset(&n, 0, sizeof(n));
	n.facts.state = LB_STATE_FAILSAFE;
	(void)strcpy(n.facts.why, "a test asks");
	(void)strcpy(n.facts.address, "192.168.1.1");
	(void)strcpy(n.name, "lifeboat-failsafe");
	(void)strcpy(n.status, "{\"state\":\"failsafe\"}");
	return &n;
}

static void tell(const struct lb_page_news *n)
{
	assert_int_equal(send(server.news, n, sizeof(*n), 0), sizeof(*n));
}

/* All that comes until the server closes the connection, which it does after each answer. */
static void ask(const char *request)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t n = 0;
	ssize_t got;

	assert_return_code(connect(fd, (struct sockaddr *)&server.at, sizeof(server.at)), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while ((got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0)) > 0)
		n += (size_t)got;
	answer[n] = '\0';
	(void)close(fd);
}

/* The server hears news and browsers in no order that we could know. */
static void ask_once_told(const char *request)
{
	static const struct timespec moment = {.tv_nsec = 5000000};

	for (ask(request); strstr(answer, " 503 "); ask(request))
		(void)nanosleep(&moment, NULL);
}

#define assert_begins(text)   assert_memory_equal(answer, text, strlen(text))
#define assert_says(text)     assert_non_null(strstr(answer, text))
#define assert_says_not(text) assert_null(strstr(answer, text))

static void server__not_told_yet__says_try_again(void **state)
{
	ask("GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_begins("HTTP/1.1 503 ");
}

static void server__get__sends_the_page_and_keeps_browsers_strict(void **state)
{
	tell(news());
	ask_once_told("GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_begins("HTTP/1.1 200 OK\r\n");
	assert_says("Content-Type: text/html; charset=utf-8\r\n");
	assert_says("Content-Security-Policy: default-src 'none'; ");
	assert_says("X-Content-Type-Options: nosniff\r\n");
	assert_says("Cache-Control: no-store\r\n");
	assert_says("Referrer-Policy: no-referrer\r\n");
	assert_says("\r\n\r\n<!DOCTYPE html>");
	assert_says("Why: a test asks.");
	assert_says("</html>\n");
	ask("GET /?x=1 HTTP/1.0\r\n\r\n");
	assert_says("Why: a test asks.");
}

static void server__head__sends_no_body(void **state)
{
	tell(news());
	ask_once_told("HEAD / HTTP/1.1\r\n" HOST "\r\n");
	assert_begins("HTTP/1.1 200 OK\r\n");
	assert_says("Content-Security-Policy:");
	assert_says_not("<!DOCTYPE");
}

static void server__status__is_the_file_or_nothing(void **state)
{
	struct lb_page_news *n = news();

	tell(n);
	ask_once_told("GET /status.json HTTP/1.1\r\n" HOST "\r\n");
	assert_says("Content-Type: application/json\r\n");
	assert_says("\r\n\r\n{\"state\":\"failsafe\"}");
	n->status[0] = '\0';
	tell(n);
	do
		ask("GET /status.json HTTP/1.1\r\n" HOST "\r\n");
	while (strstr(answer, " 200 "));
	assert_begins("HTTP/1.1 404 ");
}

static void server__what_would_change_something__is_refused(void **state)
{
	static const char *const asks[] = {"POST / HTTP/1.1\r\n" HOST "\r\n",
					   "PUT /x HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
					   "DELETE / HTTP/1.1\r\n" HOST "\r\n",
					   "OPTIONS / HTTP/1.1\r\n" HOST "\r\n"};

	tell(news());
	ask_once_told(asks[0]);
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		ask(asks[i]);
		assert_begins("HTTP/1.1 405 ");
		assert_says("Allow: GET, HEAD\r\n");
		assert_says_not("<h1>Failsafe");
	}
	ask("POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nx=1\n");
	assert_begins("HTTP/1.1 413 ");
	ask("BREW / HTTP/1.1\r\n" HOST "\r\n");
	assert_says_not(" 200 ");
}

static void server__asked_by_another_name__gives_nothing_away(void **state)
{
	tell(news());
	ask_once_told("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
	assert_begins("HTTP/1.1 421 ");
	assert_says_not("a test asks");
	ask("GET http://evil.example/ HTTP/1.1\r\n" HOST "\r\n");
	assert_says_not("a test asks");
	ask("GET / HTTP/1.1\r\nHost: Lifeboat-Failsafe:80\r\n\r\n");
	assert_begins("HTTP/1.1 200 OK\r\n");
}

static void server__other_paths_and_broken_requests__get_no_page(void **state)
{
	static char large[8192];

	tell(news());
	ask_once_told("GET /nothing HTTP/1.1\r\n" HOST "\r\n");
	assert_begins("HTTP/1.1 404 ");
	ask("GET /../etc/shadow HTTP/1.1\r\n" HOST "\r\n");
	assert_begins("HTTP/1.1 404 ");
	ask("GET\r\n\r\n");
	assert_says_not(" 200 ");
	(void)snprintf(large, sizeof(large), "GET / HTTP/1.1\r\n" HOST "X: %07000d\r\n\r\n", 0);
	ask(large);
	assert_says_not(" 200 ");
}

static void server__failed_mode__counts_down(void **state)
{
	struct lb_page_news *n = news();
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	n->facts.mode = LB_MODE_FACTORY;
	n->facts.blinks = LB_FAILURE_SNAPSHOT;
	n->leaves_ms = ((uint64_t)now.tv_sec + 3601) * 1000;
	tell(n);
	ask_once_told("GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_says("by itself in 60 minutes");
	n->leaves_ms = 1; /* long ago: it is about to happen */
	tell(n);
	do
		ask("GET / HTTP/1.1\r\n" HOST "\r\n");
	while (strstr(answer, "60 minutes"));
	assert_says("by itself in 1 s");
}

/* More than it has descriptors for. */
static void server__too_many_connections__it_is_there_again_when_they_are_gone(void **state)
{
	static const struct timespec moment = {.tv_nsec = 200000000};
	int idle[2 * LB_PAGE_FDS];

	tell(news());
	ask_once_told("GET / HTTP/1.1\r\n" HOST "\r\n");
	for (size_t i = 0; i < 2 * LB_PAGE_FDS; i++) {
		idle[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(idle[i], (struct sockaddr *)&server.at, sizeof(server.at));
	}
	(void)nanosleep(&moment, NULL);
	for (size_t i = 0; i < 2 * LB_PAGE_FDS; i++)
		(void)close(idle[i]);
	ask("GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_begins("HTTP/1.1 200 OK\r\n");
}

static void server__connections_that_say_nothing__do_not_keep_others_out(void **state)
{
	int idle[16];

	tell(news());
	for (size_t i = 0; i < 16; i++) {
		idle[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_return_code(
			connect(idle[i], (struct sockaddr *)&server.at, sizeof(server.at)), 0);
	}
	ask_once_told("GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_begins("HTTP/1.1 200 OK\r\n");
	for (size_t i = 0; i < 16; i++)
		(void)close(idle[i]);
}

#define served(f) cmocka_unit_test_setup_teardown(f, start, stop)

TESTS(served(server__not_told_yet__says_try_again),
      served(server__get__sends_the_page_and_keeps_browsers_strict),
      served(server__head__sends_no_body), served(server__status__is_the_file_or_nothing),
      served(server__what_would_change_something__is_refused),
      served(server__asked_by_another_name__gives_nothing_away),
      served(server__other_paths_and_broken_requests__get_no_page),
      served(server__failed_mode__counts_down),
      served(server__too_many_connections__it_is_there_again_when_they_are_gone),
      served(server__connections_that_say_nothing__do_not_keep_others_out))
