/* Write the running root anew from an image: the bare hand-over, without what sysupgrade asks and
 * keeps. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "lifeboat/record_io.h"
#include "lifeboat/upgrade/follow.h"
#include "lifeboat/upgrade/upgrade.h"
#include "lifeboat/upgrade/upgrade_tell.h"
#include "lifeboat/upgrade/upgrade_work.h"
#include "plat/linux/storage/takeover.h"

static int take_path(char out[LB_PATH_MAX], const char *path)
{
	char *real = realpath(path, NULL);
	int n = real ? snprintf(out, LB_PATH_MAX, "%s", real) : -1;

	free(real);
	if (n >= 0 && n < LB_PATH_MAX)
		return 0;
	log_err("%s: there is no such file, or its path is too long", path);
	return LB_E(NOENT);
}

static int read_words(struct lb_upgrade_job *job, int argc, char **argv)
{
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--force") == 0)
			job->forced = true;
		else if (strcmp(argv[at], "--settings") == 0 && at + 1 < argc) {
			if (take_path(job->settings, argv[++at]) < 0)
				return LB_EXIT_NO;
		} else {
			(void)fprintf(stderr,
				      "lifeboat upgrade: '%s' is not understood: see --help\n",
				      argv[at]);
			return LB_EXIT_USAGE;
		}
	}
	if (at + 1 != argc) {
		(void)fprintf(stderr, "lifeboat upgrade: name one image\n");
		return LB_EXIT_USAGE;
	}
	return take_path(job->image, argv[at]) < 0 ? LB_EXIT_NO : LB_EXIT_OK;
}

static int cancel(const struct lb_board *board)
{
	static struct lb_record record;
	int rc = lb_record_read(board, &record);

	if (rc == 0 && record.upgrade.stage == LB_UPGRADE_NONE) {
		(void)puts("no upgrade is asked for");
		return LB_EXIT_OK;
	}
	if (rc == 0 && record.upgrade.stage == LB_UPGRADE_BEGUN) {
		log_err("the upgrade has begun: the root is not whole without it");
		return LB_EXIT_NO;
	}
	if (rc == 0)
		rc = lb_upgrade_note_end(board,
					 record.upgrade.stage == LB_UPGRADE_WRITTEN
						 ? LB_UPGRADE_NO_SETTINGS
						 : LB_UPGRADE_REFUSED,
					 "it was cancelled");
	if (rc < 0) {
		log_err("the recovery record %s", lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	(void)puts("the upgrade is cancelled");
	return LB_EXIT_OK;
}

static int follow(int argc, char **argv)
{
	const bool json = argc == 3 && strcmp(argv[2], "--json") == 0;

	if (argc == 2 || json)
		return lb_follow(json);
	(void)fprintf(stderr, "lifeboat upgrade: --follow takes --json and nothing else\n");
	return LB_EXIT_USAGE;
}

int applet_upgrade(int argc, char **argv)
{
	static struct lb_upgrade_job job;
	static struct lb_board board;
	char why[LB_SENTENCE_MAX] = "";
	int rc;

	if (argc == 2 && strcmp(argv[1], "--go") == 0) {
		if (getppid() == 1 && access(LB_UPGRADE_JOB_FILE, F_OK) == 0)
			lb_takeover_go();
		(void)fprintf(stderr, "lifeboat upgrade: --go is said by PID 1 only\n");
		return LB_EXIT_USAGE;
	}
	if (argc >= 2 && strcmp(argv[1], "--follow") == 0)
		return follow(argc, argv);
	lb_board_for_this_machine(&board, NULL);
	if (argc == 2 && strcmp(argv[1], "--cancel") == 0)
		return cancel(&board);
	rc = read_words(&job, argc, argv);
	if (rc != LB_EXIT_OK)
		return rc;
	lb_upgrade_tell_begin();
	rc = lb_upgrade_hand_over(&board, &job, why);
	log_err("%s; nothing was changed", why);
	lb_upgrade_tell_end(LB_EXIT_NO);
	return rc == LB_E(IO) ? LB_EXIT_SYSTEM : LB_EXIT_NO;
}
