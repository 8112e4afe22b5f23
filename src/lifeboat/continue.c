/* Leave failsafe and go on with the normal boot: a word to PID 1. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/status_file.h"

static int tell_gate(const char *word)
{
	CLEANUP(lb_fd_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_un gate = {.sun_family = AF_UNIX, .sun_path = LB_CONTROL};

	if (fd < 0 ||
	    sendto(fd, word, strlen(word), 0, (const struct sockaddr *)&gate, sizeof(gate)) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

int applet_continue(int argc, char **argv)
{
	struct lb_status s;

	if (argc > 1) {
		(void)fprintf(stderr, "lifeboat continue: takes no argument\n");
		return LB_EXIT_USAGE;
	}
	if (lb_status_load(&s) < 0 || s.state != LB_STATE_FAILSAFE) {
		log_err("this device is not in failsafe: there is nothing to continue");
		return LB_EXIT_NO;
	}
	if (tell_gate("continue") < 0) {
		log_err("PID 1 cannot be told: %s", strerror(errno));
		return LB_EXIT_SYSTEM;
	}
	(void)puts("continuing the normal boot; this session ends now");
	return LB_EXIT_OK;
}
