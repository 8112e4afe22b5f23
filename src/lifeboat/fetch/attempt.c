#include "lifeboat/fetch/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/proc.h"

#define LOOK_EVERY_MS 250
#define HEAD_MAX      8000  /* a few redirections with their cookies */
#define HEADS_MAX     65536 /* who sends more wants to fill the memory, which these count for too */
#define TOO_MUCH_HEAD 100   /* curl's own code, in versions that see it */
#define TOO_LARGE     63    /* the same, where the server says how much it will send */
#define ARGS_MAX      40

static uint64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void read_head(struct lb_http_head *out, const char *path)
{
	char text[HEAD_MAX];
	int n = lb_file_read(path, text, sizeof(text));

	*out = (struct lb_http_head){0};
	if (n > 0 && lb_http_head_parse(out, text, (size_t)n) < 0)
		*out = (struct lb_http_head){0};
}

/* Does not return. */
static void run_curl(const struct lb_attempt *a, const char *curl, const char *head_path)
{
	const uint64_t most_bytes = a->room_bytes > HEADS_MAX ? a->room_bytes : HEADS_MAX + 1;
	const struct rlimit room = {.rlim_cur = most_bytes, .rlim_max = most_bytes};
	char from[24], most[24], left[32], range[LB_VALIDATOR_MAX + 16];
	const char *argv[ARGS_MAX] = {"curl",
				      "-q", /* nobody's .curlrc */
				      "--silent",
				      "--fail",
				      "--location",
				      "--max-redirs",
				      "5",
				      "--proto",
				      "=https",
				      "--proto-redir",
				      "=https",
				      "--tlsv1.2",
				      "--connect-timeout",
				      "20",
				      "--speed-limit",
				      "500",
				      "--speed-time",
				      "30",
				      "--max-time",
				      left,
				      "--max-filesize",
				      most,
				      "--dump-header",
				      head_path,
				      "--output",
				      a->path};
	size_t n = 0;

	while (argv[n])
		n++;
	(void)snprintf(most, sizeof(most), "%" PRIu64, a->room_bytes);
	(void)snprintf(left, sizeof(left), "%" PRIu64, (a->left_ms + 999) / 1000);
	if (a->cacert) {
		argv[n++] = "--cacert";
		argv[n++] = a->cacert;
	}
	if (a->any_certificate)
		argv[n++] = "--insecure";
	if (a->from_bytes) {
		(void)snprintf(from, sizeof(from), "%" PRIu64, a->from_bytes);
		(void)snprintf(range, sizeof(range), "If-Range: %s", a->validator);
		argv[n++] = "--continue-at";
		argv[n++] = from;
		argv[n++] = "--header";
		argv[n++] = range;
	}
	argv[n++] = "--";
	argv[n] = a->url;
	/* A server that sends without an end must not fill the memory; curl then reads EFBIG. The
	 * limit is that of each file, and the heads need what they may have. */
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &room) < 0)
		_exit(127);
	(void)execv(curl, (char *const *)argv);
	_exit(127);
}

static pid_t start(const struct lb_attempt *a, const char *curl, const char *head_path)
{
	const pid_t parent = getpid();
	pid_t pid = lb_fork();

	if (pid == 0) {
		const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		/* Whoever ends us means the download. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			_exit(127);
		/* So whether a line that is gone ends it is for us to say (nohup). */
		(void)signal(SIGHUP, SIG_IGN);
		(void)signal(SIGINT, SIG_IGN);
		for (int fd = 0; null >= 0 && fd < 3; fd++)
			(void)dup2(null, fd);
		run_curl(a, curl, head_path);
	}
	return pid;
}

/* What the server has sent too much of, as an exit status of curl; else 0. */
static int too_much(const struct lb_attempt *a, const char *head_path)
{
	if (size_of(head_path) > HEADS_MAX)
		return TOO_MUCH_HEAD;
	return size_of(a->path) > a->room_bytes ? TOO_LARGE : 0;
}

/* curl's exit status, or LB_E(CHILD|IO). */
static int watch(const struct lb_attempt *a, pid_t pid, const char *head_path)
{
	CLEANUP(lb_fd_closep) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	int status;

	/* Without a descriptor to wait on there is no progress to show, and that is all. */
	while (pidfd >= 0 && poll(&ended, 1, LOOK_EVERY_MS) <= 0) {
		struct lb_http_head head;

		if (too_much(a, head_path))
			(void)kill(pid, SIGKILL);
		read_head(&head, head_path);
		a->progress(a->ctx, size_of(a->path), head.whole_bytes);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return lb_err_from_errno(errno);
	if (too_much(a, head_path))
		return too_much(a, head_path);
	return WIFEXITED(status) && WEXITSTATUS(status) != 127 ? WEXITSTATUS(status) : LB_E(CHILD);
}

int lb_attempt(struct lb_attempt_result *out, const struct lb_attempt *a)
{
	char curl[LB_PATH_MAX], head_path[LB_PATH_MAX];
	int rc = lb_program_find("curl", curl, sizeof(curl));
	pid_t pid;

	if (rc < 0)
		return rc;
	if (snprintf(head_path, sizeof(head_path), "%s" LB_ATTEMPT_HEAD, a->path) >= LB_PATH_MAX)
		return LB_E(NOSPC);
	(void)unlink(head_path);
	/* What an attempt left behind that is not continued. */
	if (a->from_bytes == 0 && unlink(a->path) < 0 && errno != ENOENT)
		return lb_err_from_errno(errno);
	pid = start(a, curl, head_path);
	if (pid < 0)
		return lb_err_from_errno(errno);
	rc = watch(a, pid, head_path);
	if (rc >= 0) {
		out->curl_exit = rc;
		out->have_bytes = size_of(a->path);
		read_head(&out->head, head_path);
	}
	(void)unlink(head_path);
	return rc < 0 ? rc : 0;
}
