/* lifeboat reflash: a medkit onto the card, from a shell: what rescue mode 4 does, with a file that
 * somebody names. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "lifeboat/install/medkit_flash.h"
#include "lifeboat/slots/root_place.h"

struct arguments {
	const char *medkit, *device, *board, *signature;
	bool check, yes, whole;
};

static int usage(const char *word, const char *what)
{
	(void)fprintf(stderr, "lifeboat reflash: %s%s%s%s\n", word ? "'" : "", word ? word : "",
		      word ? "' " : "", what);
	return LB_EXIT_USAGE;
}

static int read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option known[] = {
		{"check", no_argument, NULL, 'c'},
		{"yes", no_argument, NULL, 'y'},
		{"whole", no_argument, NULL, 'w'},
		{"to", required_argument, NULL, 't'},
		{"board", required_argument, NULL, 'b'},
		{"signature", required_argument, NULL, 's'},
		{0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":y", known, NULL)) != -1) {
		if (c == 'c')
			out->check = true;
		else if (c == 'y')
			out->yes = true;
		else if (c == 'w')
			out->whole = true;
		else if (c == 't')
			out->device = optarg;
		else if (c == 'b')
			out->board = optarg;
		else if (c == 's')
			out->signature = optarg;
		else
			return usage(
				argv[optind - 1],
				c == ':'
					? "lacks its value"
					: "is not known; 'lifeboat reflash --help' lists the options");
	}
	if (optind + 1 != argc)
		return usage(NULL,
			     optind == argc ? "give the name of a medkit" : "one medkit at a time");
	out->medkit = argv[optind];
	if (out->whole && out->device)
		return usage(NULL, "--whole is for the card of the board file, not for --to");
	if (!out->check && !out->yes)
		return usage(
			NULL,
			"all that is on the card is deleted: say --yes, or --check to only look");
	return LB_EXIT_OK;
}

static int load_board(struct lb_board *out, const char *path)
{
	char why[LB_SENTENCE_MAX];
	int rc = lb_board_load(out, path ? path : LB_BOARD_FILE, why);

	if (rc == 0)
		return LB_EXIT_OK;
	(void)fprintf(stderr, "lifeboat reflash: %s\n", why);
	return rc == LB_E(NOENT) || rc == LB_E(FORMAT) ? LB_EXIT_NO : LB_EXIT_SYSTEM;
}

/* The folder of a path, and the name in it. */
static const char *split(const char *path, char folder[LB_PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		(void)snprintf(folder, LB_PATH_MAX, ".");
	else
		(void)snprintf(folder, LB_PATH_MAX, "%.*s/", (int)(slash - path), path);
	return slash ? slash + 1 : path;
}

static void show(void *ctx, const char *what, unsigned percent)
{
	(void)printf("%s: %u %%\n", what, percent);
	(void)fflush(stdout);
}

int applet_reflash(int argc, char **argv)
{
	static struct lb_board board;
	struct arguments a = {0};
	struct lb_medkit_report report;
	struct lb_medkit_ask ask = {.board = &board, .door = LB_DOOR_REMOVABLE, .progress = show};
	struct lb_medkit_card card = {0};
	char folder[LB_PATH_MAX], place[LB_PATH_MAX];
	CLEANUP(lb_fd_closep) int fd = -1;
	int code = read_arguments(argc, argv, &a), rc;

	if (code == LB_EXIT_OK)
		code = load_board(&board, a.board);
	if (code != LB_EXIT_OK)
		return code;
	fd = open(a.medkit, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		(void)fprintf(stderr, "lifeboat reflash: %s cannot be opened: %s\n", a.medkit,
			      strerror(errno));
		return LB_EXIT_NO;
	}
	lb_board_apply(&board);
	ask.fd = fd;
	ask.name = split(a.medkit, folder);
	ask.companions = folder;
	ask.signature = a.signature;
	lb_root_place_now(place, &board);
	card.place = a.device ? a.device : place;
	card.is_root = !a.device;
	card.whole = a.whole;
	rc = a.check ? lb_medkit_check(&report, &ask) : lb_medkit_flash(&report, &ask, &card);
	if (rc < 0) {
		(void)fprintf(stderr, "lifeboat reflash: %s\n", report.why);
		return report.touched ? LB_EXIT_SYSTEM : LB_EXIT_NO;
	}
	(void)puts(a.check ? "the medkit is good" : report.why);
	return LB_EXIT_OK;
}
