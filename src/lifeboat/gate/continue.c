/* Leave failsafe and go on with the normal boot: a word to PID 1. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/control.h"
#include "lifeboat/status_file.h"

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
	if (lb_tell_gate("continue") < 0) {
		log_err("PID 1 cannot be told: %s", strerror(errno));
		return LB_EXIT_SYSTEM;
	}
	(void)puts("continuing the normal boot; this session ends now");
	return LB_EXIT_OK;
}
