#include "plat/linux/machine/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tables/limits.h"

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
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
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
