#include "lifeboat/page/page.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/page/rights.h"
#include "lifeboat/page/server.h"
#include "lifeboat/record_io.h"
#include "lifeboat/status_file.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/beside.h"
#include "plat/linux/machine/clock.h"
#include "plat/linux/machine/proc.h"

#define PORT	     80
#define BACKLOG	     8
#define SERVERS_MAX  10 /* that die one after the other: a restart does not mend what they have */
#define STEADY_MS    60000 /* one that has lived for so long did not die of that */
#define LOOK_EVERY_S 1

bool lb_page_is_wanted(const struct lb_board *board, const struct lb_lan *lan)
{
	return board->page && board->failsafe != LB_POLICY_OFF && lan->device[0];
}

/* Linux takes what is sent to any of its addresses on any of its ports: the device is named too. */
static int listen_at(const struct lb_lan *lan)
{
	CLEANUP(lb_fd_closep)
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const struct sockaddr_in at = {.sin_family = AF_INET,
				       .sin_port = htons(PORT),
				       .sin_addr.s_addr = htonl(lan->address)};
	const int yes = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, lan->device,
		       (socklen_t)strlen(lan->device)) < 0 ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, BACKLOG) < 0)
		return lb_err_from_errno(errno);
	return lb_fd_take(&fd);
}

static void take_status(struct lb_page_news *n)
{
	struct lb_page_facts *f = &n->facts;
	struct lb_status s;

	if (lb_status_load(&s) < 0)
		return; /* what is known of it stays */
	f->state = s.state;
	f->policy = s.policy;
	f->mode = s.mode;
	/* An open one has not failed; what was before it is not shown by the LED. */
	f->blinks = s.mode && s.state != LB_STATE_RESCUE ? s.last_mode_failure : 0;
	n->leaves_ms = (uint64_t)s.leaves_s * 1000;
	(void)snprintf(f->board_name, sizeof(f->board_name), "%s", s.board_name);
	(void)snprintf(f->board, sizeof(f->board), "%s", s.board);
	(void)snprintf(f->serial, sizeof(f->serial), "%s", s.serial);
	(void)snprintf(f->host_key, sizeof(f->host_key), "%s", s.host_key);
	(void)snprintf(f->notice, sizeof(f->notice), "%s", s.notice);
	(void)snprintf(f->why, sizeof(f->why), "%s", f->blinks ? s.last_mode : s.detail);
	/* All of it is for whoever is let in without a password: nothing is given away. */
	if (s.policy != LB_POLICY_OPEN ||
	    lb_file_read(LB_STATUS_FILE, n->status, sizeof(n->status)) < 0)
		n->status[0] = '\0';
	f->has_status = n->status[0] != '\0';
}

/* The disk may hang: the server has long begun by then. */
static void take_log(struct lb_page_news *n, const struct lb_board *board)
{
	static struct lb_record record;
	const char *from;

	if (n->facts.policy != LB_POLICY_OPEN || lb_record_read(board, &record) < 0)
		return;
	from = lb_record_tail(&record, LB_PAGE_LOG_LINES);
	(void)snprintf(n->facts.log, sizeof(n->facts.log), "%.*s",
		       (int)(record.log + record.log_len - from), from);
}

static void tell(int to, const struct lb_page_news *n, struct lb_page_news *told)
{
	if (memcmp(n, told, sizeof(*n)) != 0 &&
	    send(to, n, sizeof(*n), MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(*n))
		*told = *n;
}

static int serve(int listener, int news)
{
	int keep[2] = {listener, news};
	int rc = lb_page_give_up_rights(keep);

	return rc < 0 ? LB_EXIT_SYSTEM : lb_page_serve(keep[0], keep[1]);
}

/* One server from its beginning to its end. */
static void supervise(int listener, struct lb_page_news *n, const struct lb_board *board)
{
	static struct lb_page_news told;
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	pid = lb_fork();
	if (pid == 0) {
		(void)close(ends[0]);
		_exit(serve(listener, ends[1]));
	}
	(void)close(ends[1]);
	memset(&told, 0, sizeof(told));
	take_status(n);
	tell(ends[0], n, &told);
	if (!n->facts.log[0])
		take_log(n, board);
	do {
		take_status(n);
		tell(ends[0], n, &told);
		(void)sleep(LOOK_EVERY_S);
	} while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0);
	(void)close(ends[0]);
}

static void keep_serving(int listener, struct lb_page_news *n, const struct lb_board *board)
{
	for (int ended = 0; ended < SERVERS_MAX;) {
		const uint64_t began_ms = lb_monotonic_ms();

		supervise(listener, n, board);
		ended = lb_monotonic_ms() - began_ms < STEADY_MS ? ended + 1 : 1;
	}
}

_Noreturn void lb_page_run(const struct lb_board *board, const struct lb_lan *lan)
{
	static struct lb_page_news n; /* without padding of chance, for tell() */
	struct in_addr address = {.s_addr = htonl(lan->address)};
	int listener = listen_at(lan);

	if (listener < 0) {
		log_err("there is no rescue page: port %d cannot be had (it %s)", PORT,
			lb_strerror(listener));
	} else {
		(void)inet_ntop(AF_INET, &address, n.facts.address, sizeof(n.facts.address));
		if (gethostname(n.name, sizeof(n.name) - 1) < 0)
			n.name[0] = '\0';
		n.facts.policy = board->failsafe; /* until the status tells it */
		keep_serving(listener, &n, board);
		log_err("the rescue page ended %d times: there is none any more", SERVERS_MAX);
		(void)close(listener);
	}
	for (;;)
		(void)pause(); /* whoever supervises us would only begin again */
}

pid_t lb_page_start(const struct lb_board *board, const struct lb_lan *lan)
{
	pid_t pid;

	if (!lb_page_is_wanted(board, lan))
		return 0;
	pid = lb_fork();
	if (pid == 0) {
		lb_beside("lifeboat-page"); /* without the watchdog's descriptor above all */
		lb_page_run(board, lan);
	}
	if (pid < 0)
		log_warn("there is no rescue page: %s", strerror(errno));
	return pid > 0 ? pid : 0;
}

void lb_page_end(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(-pid, SIGKILL);
	(void)kill(pid, SIGKILL); /* it may not have its group yet */
}
