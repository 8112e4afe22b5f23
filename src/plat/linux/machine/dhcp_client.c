#include "plat/linux/machine/dhcp_client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/proc.h"

#define TRIES	    "15"
#define EVERY_S	    "3"
#define DESCRIPTOR  20 /* udhcpc puts files of its own at 3 and 4 */
#define TO_TEXT_(n) #n
#define TO_TEXT(n)  TO_TEXT_(n)

/* Does not return. udhcpc's own words are not for people: it is silent. */
static void run(const char *program, const char *device, const char *script, int to)
{
	const char *const argv[] = {"udhcpc", "-f", "-n",    "-i", device, "-t",
				    TRIES,    "-T", EVERY_S, "-s", script, NULL};
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		(void)dup2(null, fd);
	/* dup2() would leave the flag on a descriptor that is the right one already. */
	if (to == DESCRIPTOR ? fcntl(to, F_SETFD, 0) < 0 : dup2(to, DESCRIPTOR) < 0)
		_exit(127);
	if (setenv(LB_DHCP_EVENT_FD, TO_TEXT(DESCRIPTOR), 1) < 0)
		_exit(127);
	(void)execv(program, (char *const *)argv);
	_exit(127);
}

/* udhcpc starts a program of one word: a link with the name of the applet. */
static int make_link(char link[LB_PATH_MAX], const char *self, const char *folder)
{
	int rc = lb_dir_make(folder, 0700);

	if (rc < 0)
		return rc;
	if (snprintf(link, LB_PATH_MAX, "%s/dhcp_event", folder) >= LB_PATH_MAX)
		return LB_E(NOSPC);
	(void)unlink(link);
	return symlink(self, link) < 0 ? lb_err_from_errno(errno) : 0;
}

int lb_dhcp_client_start(struct lb_dhcp_client *c, const char *device, const char *self,
			 const char *folder)
{
	char program[LB_PATH_MAX], script[LB_PATH_MAX];
	const pid_t parent = getpid();
	int end, rc = lb_program_find("udhcpc", program, sizeof(program));
	pid_t pid;

	if (rc == 0)
		rc = make_link(script, self, folder);
	if (rc == 0)
		rc = lb_fork_heard(&pid, &end);
	if (rc < 0)
		return rc;
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			_exit(127);
		run(program, device, script, end);
	}
	*c = (struct lb_dhcp_client){.pid = pid, .from = end};
	return 0;
}

void lb_dhcp_client_endp(struct lb_dhcp_client *c)
{
	if (c->pid > 0) {
		(void)kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	lb_fd_closep(&c->from);
	*c = (struct lb_dhcp_client){.from = -1};
}
