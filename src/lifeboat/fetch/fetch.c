/* lifeboat fetch: an image and its signature from the internet, kept only if this board takes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "install/verify.h"
#include "lifeboat/applet.h"
#include "lifeboat/applet_options.h"
#include "lifeboat/fetch/attempt.h"
#include "lifeboat/fetch/pair.h"
#include "plat/linux/machine/proc.h"

struct arguments {
	const char *board, *keys, *cacert, *url, *file;
};

struct names {
	char part[LB_PATH_MAX], signature[LB_PATH_MAX], signature_part[LB_PATH_MAX];
	char part_head[LB_PATH_MAX + 8], signature_head[LB_PATH_MAX + 8];
};

static struct names names;

static int read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option known[] = {
		{"board", required_argument, NULL, 'b'},
		{"keys", required_argument, NULL, 'k'},
		{"cacert", required_argument, NULL, 'c'},
		{0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", known, NULL)) != -1) {
		if (c == 'b') {
			out->board = optarg;
		} else if (c == 'k') {
			out->keys = optarg;
		} else if (c == 'c') {
			out->cacert = optarg;
		} else {
			return lb_applet_bad_option("fetch", c, argv[optind - 1]);
		}
	}
	if (optind + 2 != argc) {
		(void)fprintf(stderr, "lifeboat fetch: give the address of an image, and a file "
				      "for it, and nothing else\n");
		return LB_EXIT_USAGE;
	}
	out->url = argv[optind];
	out->file = argv[optind + 1];
	if (strncmp(out->url, "https://", 8) == 0)
		return LB_EXIT_OK;
	(void)fprintf(
		stderr,
		"lifeboat fetch: the address must start with https://, and '%.100s' does not\n",
		out->url);
	return LB_EXIT_USAGE;
}

static int make_names(struct names *n, const struct arguments *a)
{
	(void)snprintf(n->part_head, sizeof(n->part_head), "%s.part" LB_ATTEMPT_HEAD, a->file);
	(void)snprintf(n->signature_head, sizeof(n->signature_head), "%s.sig.part" LB_ATTEMPT_HEAD,
		       a->file);
	if (snprintf(n->part, sizeof(n->part), "%s.part", a->file) < LB_PATH_MAX - 8 &&
	    snprintf(n->signature, sizeof(n->signature), "%s.sig", a->file) < LB_PATH_MAX &&
	    snprintf(n->signature_part, sizeof(n->signature_part), "%s.sig.part", a->file) <
		    LB_PATH_MAX - 8)
		return LB_EXIT_OK;
	(void)fprintf(stderr, "lifeboat fetch: the name of the file is too long\n");
	return LB_EXIT_USAGE;
}

/* Before anybody is asked for anything. */
static int check_place(const struct arguments *a, const struct names *n)
{
	struct stat st;
	CLEANUP(lb_fd_closep) int fd = -1;

	if (stat(a->file, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)fprintf(stderr, "lifeboat fetch: %s is a folder: name a file in it\n",
			      a->file);
		return LB_EXIT_NO;
	}
	fd = open(n->part, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		return LB_EXIT_OK;
	(void)fprintf(stderr, "lifeboat fetch: nothing can be put beside %s: its folder %s\n",
		      a->file, lb_strerror(lb_err_from_errno(errno)));
	return LB_EXIT_NO;
}

static void say(void *ctx, const char *line)
{
	(void)ctx;
	(void)fprintf(stderr, "lifeboat fetch: %s\n", line);
}

static void show(void *ctx, uint64_t have_bytes, uint64_t whole_bytes)
{
	(void)ctx;
	if (isatty(STDERR_FILENO) && whole_bytes)
		(void)fprintf(stderr, "\r%3u %%\r",
			      have_bytes < whole_bytes ? (unsigned)(have_bytes * 100 / whole_bytes)
						       : 100);
}

static int verify(const struct arguments *a, const struct names *n, const struct lb_board *board)
{
	static struct lb_verified found;
	CLEANUP(lb_fd_closep) int fd = open(n->part, O_RDONLY | O_CLOEXEC);
	const struct lb_verify_ask ask = {.image = a->file,
					  .fd = fd,
					  .board = board,
					  .keys = a->keys,
					  .signature = n->signature_part,
					  .signature_first = true,
					  .door = LB_DOOR_NETWORK};
	char why[LB_SENTENCE_MAX];

	if (fd < 0 || lb_verify_image(&found, &ask, why) < 0) {
		say(NULL, fd < 0 ? "the image cannot be opened again" : why);
		return LB_EXIT_SYSTEM;
	}
	for (int r = 0; r < LB_REFUSAL_COUNT; r++)
		/* What is not whole tells nothing else of itself. */
		if (found.verdict.refused[r] &&
		    (r == LB_REFUSAL_DAMAGED || !found.verdict.refused[LB_REFUSAL_DAMAGED]))
			(void)fprintf(stderr, "lifeboat fetch: %s is not kept: %s\n", a->url,
				      found.verdict.why[r]);
	if (lb_verdict_first(&found.verdict) != LB_REFUSAL_COUNT)
		return lb_refusal_code(lb_verdict_first(&found.verdict));
	if (found.verdict.note[0])
		say(NULL, found.verdict.note);
	return LB_EXIT_OK;
}

/* The signature first: an image never lies there without the one that was checked. */
static int keep(const struct arguments *a, const struct names *n)
{
	if (rename(n->signature_part, n->signature) == 0 && rename(n->part, a->file) == 0)
		return LB_EXIT_OK;
	(void)fprintf(stderr, "lifeboat fetch: %s cannot be put in its place: %s\n", a->file,
		      strerror(errno));
	return LB_EXIT_SYSTEM;
}

static int fetch(const struct arguments *a, const struct names *n, const struct lb_board *board)
{
	const struct lb_pair p = {.url = a->url,
				  .cacert = a->cacert,
				  .image = n->part,
				  .signature = n->signature_part,
				  .say = say,
				  .progress = show};
	char why[LB_SENTENCE_MAX];
	int code;

	if (lb_pair_get(&p, why) != LB_FETCH_END_GOT) {
		say(NULL, why);
		return LB_EXIT_NO;
	}
	code = verify(a, n, board);
	if (code == LB_EXIT_OK)
		code = keep(a, n);
	return code;
}

/* Somebody has lost patience: nothing of it is left. */
static void leave(int number)
{
	for (size_t i = 0; i < 2; i++) {
		(void)unlink(i ? names.signature_part : names.part);
		(void)unlink(i ? names.signature_head : names.part_head);
	}
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

int applet_fetch(int argc, char **argv)
{
	static struct lb_board board;
	struct arguments a = {0};
	int code = read_arguments(argc, argv, &a);

	if (code == LB_EXIT_OK)
		code = make_names(&names, &a);
	if (code == LB_EXIT_OK)
		code = lb_applet_board("fetch", a.board, &board);
	if (code == LB_EXIT_OK)
		code = check_place(&a, &names);
	if (code != LB_EXIT_OK)
		return code;
	/* From the network the signature is not a question of the board file. */
	board.signature_required[LB_DOOR_NETWORK] = true;
	lb_when_ended(leave);
	code = fetch(&a, &names, &board);
	(void)unlink(names.part);
	(void)unlink(names.signature_part);
	return code;
}
