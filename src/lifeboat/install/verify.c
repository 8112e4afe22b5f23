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
#include "lifeboat/applet_options.h"

struct arguments {
	const char *image, *board, *keys, *signature;
	enum lb_door door;
	bool json, drop_settings, ignore_minor;
};

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
			const int code = lb_applet_door("verify", optarg, &out->door);

			if (code != LB_EXIT_OK)
				return code;
		} else if (c == 's') {
			out->signature = optarg;
		} else {
			return lb_applet_bad_option("verify", c, argv[optind - 1]);
		}
	}
	return lb_applet_image("verify", argc, argv, &out->image);
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
		code = lb_applet_board("verify", a.board, &board);
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
