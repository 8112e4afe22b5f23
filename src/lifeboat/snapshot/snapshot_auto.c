/* "lifeboat snapshot auto": what the board file asks for (section snapshots). */
#include "lifeboat/snapshot/snapshot_auto.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "lifeboat/board_file.h"
#include "lifeboat/fetch/download.h"
#include "lifeboat/snapshot/snapshot.h"
#include "tables/tables.h"

struct ask {
	const char *what, *board;
	bool quiet;
};

/* When the last one of this type was made, which is all that is remembered; 0 = never. */
static int64_t last_of(const struct lb_snapshot_session *s, enum lb_snapshot_type type,
		       int64_t now_s)
{
	int64_t last_s = 0;

	for (size_t i = 0; i < s->set.count; i++) {
		struct lb_snapshot_info info;
		int64_t made_s;

		if (s->set.all[i].type != type ||
		    lb_snapshots_info(&s->plat, s->set.all[i].number, &info) < 0 ||
		    lb_snapshot_time(&made_s, info.created) < 0)
			continue;
		if (lb_snapshot_counts(made_s, now_s) && made_s > last_s)
			last_s = made_s;
	}
	return last_s;
}

/* An exit code. The session is open, and all that is more than is kept goes afterwards. */
static int make(struct lb_snapshot_session *s, const struct lb_board *board,
		enum lb_snapshot_type type, const char *text)
{
	uint32_t number;
	struct lb_snapshot_info info = {.type = type};
	int code = lb_snapshot_make(s, &info, text, &number);

	if (code != LB_EXIT_OK)
		return code;
	if (s->quiet)
		log_info("snapshot %u holds the system as it was before the update", number);
	else
		(void)printf("Snapshot number %u created\n", number);
	return lb_snapshot_retain(s, board->snapshot_keep);
}

static int weekly(struct lb_snapshot_session *s, const struct lb_board *board, bool quiet)
{
	const int64_t now_s = time(NULL);
	int code;

	if (!board->snapshot_weekly)
		return LB_EXIT_OK;
	if (lb_clock_is_wrong()) {
		if (!quiet)
			log_warn(
				"the clock of this router is not set: no weekly snapshot is made until it is");
		return LB_EXIT_NO;
	}
	code = lb_snapshot_open(s, LB_SNAPSHOT_LOOK);
	if (code != LB_EXIT_OK || !lb_snapshot_is_due(last_of(s, LB_SNAPSHOT_TIME, now_s), now_s))
		return code;
	/* Nobody waits for those who only look: another one may have been made meanwhile. */
	lb_btrfs_closep(&s->fs);
	code = lb_snapshot_open(s, LB_SNAPSHOT_CHANGE);
	if (code != LB_EXIT_OK || !lb_snapshot_is_due(last_of(s, LB_SNAPSHOT_TIME, now_s), now_s))
		return code;
	return make(s, board, LB_SNAPSHOT_TIME, "Automatic weekly snapshot");
}

/* An update is not kept up by a "diff" on a terminal that nobody sees any more. */
static int update(struct lb_snapshot_session *s, const struct lb_board *board)
{
	int code = board->snapshot_before_update ? lb_snapshot_open(s, LB_SNAPSHOT_CHANGE_SOON)
						 : LB_EXIT_NO;

	if (code == LB_EXIT_OK)
		return make(s, board, LB_SNAPSHOT_PRE, "Automatic snapshot before an update");
	return board->snapshot_before_update ? code : LB_EXIT_OK;
}

int lb_snapshot_auto(struct lb_snapshot_session *s, int argc, char **argv)
{
	static struct lb_board board;
	struct ask a = {0};
	char why[LB_SENTENCE_MAX];

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-q") == 0)
			a.quiet = true;
		else if (strcmp(argv[i], "--board") == 0 && i + 1 < argc)
			a.board = argv[++i];
		else if (a.what)
			return lb_snapshot_usage("auto does not know ", argv[i]);
		else
			a.what = argv[i];
	if (!a.what || (strcmp(a.what, "weekly") != 0 && strcmp(a.what, "update") != 0))
		return lb_snapshot_usage("auto takes 'weekly' or 'update'", "");
	if (!a.board) {
		lb_board_for_this_machine(&board, NULL);
	} else if (lb_board_load(&board, a.board, why) < 0) {
		log_err("%s", why);
		return LB_EXIT_NO;
	}
	return strcmp(a.what, "weekly") == 0 ? weekly(s, &board, a.quiet) : update(s, &board);
}

void lb_snapshot_before_update(const struct lb_board *board)
{
	static struct lb_snapshot_session session;
	char device[LB_PATH_MAX], fs[32];

	if (!board->snapshot_before_update || !board->subvolume[0] ||
	    lb_btrfs_device(device, "/", fs) < 0)
		return;
	session.fs = LB_BTRFS_CLOSED;
	session.quiet = true;
	if (update(&session, board) != LB_EXIT_OK)
		log_warn(
			"the update goes on without a new snapshot, or with more of them than are to be kept");
	lb_btrfs_closep(&session.fs);
}
