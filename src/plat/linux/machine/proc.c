#include "plat/linux/machine/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/watchdog.h"
#include "tables/limits.h"

#define PF_KTHREAD 0x00200000 /* linux/sched.h; field 9 of proc_pid_stat(5) */

int lb_program_find(const char *name, char *path, size_t size)
{
	static const char *const dirs[] = {"/sbin", "/bin", "/usr/sbin", "/usr/bin"};
	char try[LB_PATH_MAX];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		int n = snprintf(try, sizeof(try), "%s/%s", dirs[i], name);

		if (n < 0 || (size_t)n >= sizeof(try) || (size_t)n >= size || access(try, X_OK) < 0)
			continue;
		(void)snprintf(path, size, "%s", try);
		return 0;
	}
	return LB_E(NOENT);
}

pid_t lb_fork(void)
{
	sigset_t all, before, none;
	pid_t pid;

	/* Until the child has its own dispositions no signal may run the parent's handlers in it.
	 */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid != 0) {
		int why = errno;

		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		errno = why;
		return pid;
	}
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL); /* fails for those that cannot be caught */
	lb_watchdog_leave();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

void lb_when_ended(void (*leave)(int number))
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (signal(ends[i], leave) == SIG_IGN)
			(void)signal(ends[i], SIG_IGN);
}

void lb_close_from(int first)
{
	if (close_range((unsigned)first, ~0u, 0) == 0)
		return;
	for (long fd = first, end = sysconf(_SC_OPEN_MAX); fd < end; fd++)
		(void)close((int)fd); /* a kernel before 5.9 */
}

int lb_fork_heard(pid_t *pid, int *end)
{
	int ends[2], rc = 0;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return lb_err_from_errno(errno);
	child = fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? -1 : lb_fork();
	if (child < 0)
		rc = lb_err_from_errno(errno);
	if (rc < 0 || child > 0)
		(void)close(ends[1]);
	if (rc < 0 || child == 0)
		(void)close(ends[0]);
	if (rc < 0)
		return rc;
	*pid = child;
	*end = ends[child == 0];
	return 0;
}

int lb_program_run(const char *const argv[], bool quiet)
{
	char path[LB_PATH_MAX];
	int rc = lb_program_find(argv[0], path, sizeof(path));
	int status = 0;
	pid_t pid;

	if (rc < 0)
		return rc;
	pid = lb_fork();
	if (pid < 0)
		return lb_err_from_errno(errno);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (null >= 0 && dup2(null, 0) >= 0 && quiet && dup2(null, 1) >= 0)
			(void)dup2(null, 2);
		(void)execv(path, (char *const *)argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return lb_err_from_errno(errno);
	return WIFEXITED(status) ? WEXITSTATUS(status) : LB_E(CHILD);
}

/* Field 2 is the name in brackets, and may hold brackets and blanks itself. */
static bool parse_stat(char *text, struct lb_process *out)
{
	char *first = strchr(text, '('), *last = strrchr(text, ')'), state;
	unsigned flags;

	if (!first || !last || last < first ||
	    sscanf(last + 1, " %c %d %*d %*d %*d %*d %u", &state, &out->parent, &flags) != 3)
		return false;
	*last = '\0';
	(void)snprintf(out->name, sizeof(out->name), "%.60s", first + 1);
	return !(flags & PF_KTHREAD) && state != 'Z' && state != 'X';
}

static bool is_alive(const char *proc, const char *number, struct lb_process *out)
{
	char path[LB_PATH_MAX], text[512];

	(void)snprintf(path, sizeof(path), "%.200s/%.16s/stat", proc, number);
	out->pid = atoi(number);
	return lb_file_read(path, text, sizeof(text)) >= 0 && parse_stat(text, out);
}

static bool next_process(const char *proc, DIR *d, struct lb_process *out)
{
	struct lb_process p;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (!isdigit((unsigned char)e->d_name[0]) || atoi(e->d_name) == getpid() ||
		    !is_alive(proc, e->d_name, &p))
			continue;
		*out = p;
		return true;
	}
	return false;
}

unsigned lb_processes_count(const char *proc, struct lb_process *one)
{
	CLEANUP(lb_dir_closep) DIR *d = opendir(proc);
	unsigned count = 0;

	while (next_process(proc, d, one))
		count++;
	return count;
}

unsigned lb_processes_of(const char *proc, int parent)
{
	CLEANUP(lb_dir_closep) DIR *d = opendir(proc);
	struct lb_process p;
	unsigned count = 0;

	while (next_process(proc, d, &p))
		count += p.parent == parent;
	return count;
}
