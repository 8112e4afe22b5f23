/* Ask for failsafe at the next boot: for the router that nobody can reach with a finger. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "lifeboat/record_io.h"

static void set_request(struct lb_record *r, void *request)
{
	r->request = *(uint8_t *)request;
}

int applet_failsafe(int argc, char **argv)
{
	bool cancel = argc == 2 && strcmp(argv[1], "--cancel") == 0;
	uint8_t request = cancel ? LB_REQUEST_NONE : LB_REQUEST_FAILSAFE;
	struct lb_board board;
	int rc;

	if (argc > 1 && !cancel) {
		(void)fprintf(stderr,
			      "lifeboat failsafe: '%s' is not known; the only option is --cancel\n",
			      argv[1]);
		return LB_EXIT_USAGE;
	}
	lb_board_for_this_machine(&board, NULL);
	if (board.failsafe == LB_POLICY_OFF && !cancel) {
		log_err("failsafe is switched off in the board file");
		return LB_EXIT_NO;
	}
	rc = lb_record_change(&board, set_request, &request);
	if (rc == LB_E(NOENT)) {
		log_err("this board keeps no recovery record to leave the request in: see storage.record in "
			"lifeboat-board.conf(5)");
		return LB_EXIT_NO;
	}
	if (rc < 0) {
		log_err("the recovery record %s", lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	(void)puts(cancel ? "the next boot is a normal one" : "the next boot enters failsafe");
	return LB_EXIT_OK;
}
