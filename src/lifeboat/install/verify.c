/* lifeboat verify: what is this image, and would this board take it? Writes nothing. */
#include "lifeboat/install/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"

struct arguments {
	const char *image, *board, *keys, *signature;
	enum lb_door door;
	bool json, drop_settings, ignore_minor;
};

static int wrong_door(const char *typed)
{
	_Static_assert(LB_DOOR_COUNT == 3, "the sentence below lists the doors");
	(void)fprintf(stderr, "lifeboat verify: --door takes %s, %s or %s, not '%s'\n",
		      lb_door_name(0), lb_door_name(1), lb_door_name(2), typed);
	return LB_EXIT_USAGE;
}

static int read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option known[] = {
		{"json", no_argument, NULL, 'j'},
		{"board", required_argument, NULL, 'b'},
		{"keys", required_argument, NULL, 'k'},
		{"signature", required_argument, NULL, 's'},
		{"door", required_argument, NULL, 'd'},
		{"ignore-minor-compat-version", no_argument, NULL, 'i'},
		{0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":n", known, NULL)) != -1) {
		if (c == 'j') {
			out->json = true;
		} else if (c == 'n') {
			out->drop_settings = true;
		} else if (c == 'i') {
			out->ignore_minor = true;
		} else if (c == 'b') {
			out->board = optarg;
		} else if (c == 'k') {
			out->keys = optarg;
		} else if (c == 'd') {
			const int door = lb_door_by_name(optarg);

			if (door < 0)
				return wrong_door(optarg);
			out->door = (enum lb_door)door;
		} else if (c == 's') {
			out->signature = optarg;
		} else {
			(void)fprintf(
				stderr,
				"lifeboat verify: '%s' %s; 'lifeboat verify --help' lists the options\n",
				argv[optind - 1], c == ':' ? "lacks its value" : "is not known");
			return LB_EXIT_USAGE;
		}
	}
	if (optind + 1 != argc) {
		(void)fprintf(stderr, "lifeboat verify: %s\n",
			      optind == argc
				      ? "give the name of an image, or - for the standard input"
				      : "one image at a time");
		return LB_EXIT_USAGE;
	}
	out->image = argv[optind];
	return LB_EXIT_OK;
}

static int load_board(struct lb_board *out, const char *path)
{
	char why[LB_SENTENCE_MAX];
	int rc;

	lb_board_defaults(out);
	rc = lb_board_load(out, path ? path : LB_BOARD_FILE, why);
	if (rc == 0 || (rc == LB_E(NOENT) && !path))
		return LB_EXIT_OK;
	(void)fprintf(stderr, "lifeboat verify: %s\n", why);
	return rc == LB_E(NOENT) || rc == LB_E(FORMAT) ? LB_EXIT_NO : LB_EXIT_SYSTEM;
}

/* A descriptor, or minus the exit status. */
static int open_image(const char *name)
{
	int fd = strcmp(name, "-") == 0 ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC);
	const int why = errno;

	if (fd >= 0)
		return fd;
	(void)fprintf(stderr, "lifeboat verify: %s cannot be opened: %s\n", name, strerror(why));
	return why == ENOENT ? -LB_EXIT_NO : -LB_EXIT_SYSTEM;
}

int applet_verify(int argc, char **argv)
{
	static struct lb_verified found;
	static struct lb_board board;
	struct arguments a = {0};
	char why[LB_SENTENCE_MAX];
	enum lb_refusal first;
	int code = read_arguments(argc, argv, &a);
	CLEANUP(lb_fd_closep) int fd = -1;

	if (code == LB_EXIT_OK)
		code = load_board(&board, a.board);
	if (code != LB_EXIT_OK)
		return code;
	fd = open_image(a.image);
	if (fd < 0)
		return -fd;
	const struct lb_verify_ask ask = {.image = a.image,
					  .fd = fd,
					  .board = &board,
					  .keys = a.keys,
					  .signature = a.signature,
					  .door = a.door,
					  .drop_settings = a.drop_settings,
					  .ignore_minor = a.ignore_minor};
	if (lb_verify_image(&found, &ask, why) < 0) {
		(void)fprintf(stderr, "lifeboat verify: %s\n", why);
		return LB_EXIT_SYSTEM;
	}
	if ((a.json ? lb_verify_print_json(&found) : lb_verify_print(&found)) < 0)
		return LB_EXIT_SYSTEM;
	first = lb_verdict_first(&found.verdict);
	return first == LB_REFUSAL_COUNT ? LB_EXIT_OK : lb_refusal_code(first);
}
