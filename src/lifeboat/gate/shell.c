/* The shell behind a failsafe login: steps out of the login's private /etc into the system of
 * PID 1. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/gate/banner.h"

/* The namespace alone is not enough: its root is the initramfs that PID 1 has left. */
static int join_pid1(void)
{
	CLEANUP(lb_fd_closep) int ns = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
	CLEANUP(lb_fd_closep) int root = open("/proc/1/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (ns < 0 || root < 0 || setns(ns, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0)
		return lb_err_from_errno(errno);
	return 0;
}

static void set_environment(void)
{
	static const char *const set[][2] = {
		{"HOME", "/root"},
		{"USER", "root"},
		{"LOGNAME", "root"},
		{"SHELL", "/bin/sh"},
		{"FAILSAFE", "1"}, /* OpenWrt's name: its profiles and scripts look for it */
		{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
	};

	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)
		(void)setenv(set[i][0], set[i][1], 1);
	if (!getenv("TERM"))
		(void)setenv("TERM", "vt102", 1);
	(void)unsetenv("ENV");
}

int applet_shell(int argc, char **argv)
{
	const char *command = argc == 3 && strcmp(argv[1], "-c") == 0 ? argv[2] : NULL;

	if (argc > 1 && !command) {
		(void)fprintf(stderr, "lifeboat shell: takes nothing, or -c and one COMMAND\n");
		return LB_EXIT_USAGE;
	}
	if (join_pid1() < 0) {
		log_err("the system of PID 1 cannot be entered: %s", strerror(errno));
		return LB_EXIT_SYSTEM;
	}
	set_environment();
	if (chdir("/root") < 0 && chdir("/") < 0)
		log_debug("no directory to start in");
	if (command)
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	else {
		lb_banner_print(stdout);
		(void)fflush(stdout);
		(void)execl("/bin/sh", "-sh", (char *)NULL);
	}
	log_err("/bin/sh cannot be started: %s", strerror(errno));
	return LB_EXIT_SYSTEM;
}
