/* lifeboat verify: what is this image, and would this board take it? Writes nothing. */
#include "lifeboat/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/companion.h"
#include "image/medkit.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "plat/linux/files.h"

#define COMPANION_MAX 8000 /* a list of the hashes of all images of a release */

struct arguments {
	const char *image, *board, *keys, *signature;
	bool json, drop_settings, ignore_minor;
};

/* What was found out, in memory that is too much for a small stack. */
struct findings {
	struct lb_board board;
	struct lb_scan scan;
	struct lb_verify_trust trust;
	struct lb_medkit_name medkit;
	enum lb_verify_sum sha256, md5;
	char boards[LB_IMAGE_BOARDS_MAX][LB_NAME_MAX];
	struct lb_offer offer;
	struct lb_taker taker;
	struct lb_verdict verdict;
};

static int read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option known[] = {
		{"json", no_argument, NULL, 'j'},
		{"board", required_argument, NULL, 'b'},
		{"keys", required_argument, NULL, 'k'},
		{"signature", required_argument, NULL, 's'},
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

static int read_image(struct lb_scan *s, int fd, const char *name)
{
	static uint8_t buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			(void)fprintf(stderr, "lifeboat verify: %s cannot be read: %s\n", name,
				      strerror(errno));
			return LB_EXIT_SYSTEM;
		}
		lb_scan_feed(s, buf, (size_t)n);
	}
	return LB_EXIT_OK;
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

static bool beside(char path[LB_PATH_MAX], const char *image, const char *ending)
{
	return strcmp(image, "-") != 0 &&
	       snprintf(path, LB_PATH_MAX, "%s%s", image, ending) < LB_PATH_MAX;
}

static int find_signature(struct findings *f, const struct arguments *a)
{
	const char *keys = a->keys ? a->keys : f->board.image_keys;
	char path[LB_PATH_MAX];
	int rc = LB_E(NOENT);

	if (a->signature)
		rc = lb_verify_trust_beside(&f->trust, a->signature, keys);
	else if (beside(path, a->image, ".sig"))
		rc = lb_verify_trust_beside(&f->trust, path, keys);
	if (rc == 0 || (rc == LB_E(NOENT) && !a->signature))
		return LB_EXIT_OK;
	(void)fprintf(stderr, "lifeboat verify: the signature %s: it %s\n",
		      a->signature ? a->signature : path, lb_strerror(rc));
	return LB_EXIT_SYSTEM;
}

static enum lb_verify_sum compare(const char *image, const char *ending, const uint8_t *hash,
				  size_t hash_len)
{
	const char *slash = strrchr(image, '/');
	char path[LB_PATH_MAX], text[COMPANION_MAX];
	uint8_t wanted[LB_HASH_MAX];
	int n = beside(path, image, ending) ? lb_file_read(path, text, sizeof(text)) : LB_E(NOENT);

	if (n == LB_E(NOENT))
		return LB_VERIFY_SUM_NONE;
	/* What cannot be read must not pass for a check that was made. */
	if (n < 0 ||
	    lb_companion_parse(wanted, hash_len, slash ? slash + 1 : image, text, (size_t)n) < 0)
		return LB_VERIFY_SUM_WRONG;
	return memcmp(wanted, hash, hash_len) == 0 ? LB_VERIFY_SUM_RIGHT : LB_VERIFY_SUM_WRONG;
}

static bool has_md5(const char *image)
{
	char path[LB_PATH_MAX];

	return beside(path, image, ".md5") && access(path, F_OK) == 0;
}

static void compare_sums(struct findings *f, const char *image)
{
	struct lb_scan *s = &f->scan;

	f->sha256 = compare(image, ".sha256", s->sha256, sizeof(s->sha256));
	f->md5 = s->with_md5 ? compare(image, ".md5", s->md5, sizeof(s->md5)) : LB_VERIFY_SUM_NONE;
	if (s->damage[0])
		return;
	if (f->sha256 == LB_VERIFY_SUM_WRONG)
		(void)snprintf(s->damage, sizeof(s->damage),
			       "does not have the hash that the .sha256 file beside it says");
	else if (f->md5 == LB_VERIFY_SUM_WRONG)
		(void)snprintf(s->damage, sizeof(s->damage),
			       "does not have the hash that the .md5 file beside it says");
}

static void add_board(struct findings *f, const char *name)
{
	if (name[0] && f->offer.board_count < LB_IMAGE_BOARDS_MAX)
		(void)snprintf(f->boards[f->offer.board_count++], LB_NAME_MAX, "%s", name);
}

/* The metadata know best; then the medkit's name, which is all that Turris looks at; then the
 * header. */
static void describe(struct findings *f, const struct arguments *a)
{
	const struct lb_scan *s = &f->scan;
	const struct lb_scan_layer *l = s->packed ? &s->inside : &s->file;
	struct lb_offer *o = &f->offer;

	*o = (struct lb_offer){.kind = s->file.image.kind,
			       .inside = lb_scan_inside(s),
			       .damage = s->damage,
			       .has_metadata = s->has_metadata,
			       .boards = f->boards,
			       .other_board = "",
			       .version = s->metadata.version,
			       .compat_version = s->metadata.compat_version,
			       .compat_message = s->metadata.compat_message,
			       .size_bytes = lb_scan_payload_bytes(s),
			       .trust = f->trust.state,
			       .signature_beside = f->trust.beside,
			       .key_id = f->trust.id};
	for (size_t i = 0; i < s->metadata.board_count; i++)
		add_board(f, s->metadata.boards[i]);
	if (s->has_metadata)
		return;
	o->version = l->image.version;
	if (l->image.kind != LB_IMAGE_MEDKIT) {
		add_board(f, l->image.board);
		return;
	}
	if (lb_medkit_name_parse(&f->medkit, a->image) == 0)
		add_board(f, f->medkit.board);
	o->version = l->turris_version[0] ? l->turris_version : f->medkit.version;
	if (!l->content.board)
		return;
	if (l->content.boards_differ ||
	    (f->medkit.board[0] && strcmp(f->medkit.board, l->content.board) != 0))
		o->other_board = l->content.board;
	else if (!f->medkit.board[0])
		add_board(f, l->content.board);
}

static void describe_board(struct findings *f, const struct arguments *a)
{
	const struct lb_board *b = &f->board;

	f->taker = (struct lb_taker){
		.id = strcmp(b->id, "unknown") == 0 ? "" : b->id,
		.names = b->image_names,
		.name_count = b->image_name_count,
		.compat_version = b->compat_version,
		.min_version = b->min_version,
		.max_bytes = (uint64_t)b->image_max_kib * 1024,
		.signature_required = b->signature_required,
		.keep_settings = !a->drop_settings,
		.ignore_minor = a->ignore_minor,
	};
}

static int report(struct findings *f, const struct arguments *a)
{
	const enum lb_refusal why = lb_verdict_first(&f->verdict);
	const struct lb_verify_report r = {.path = a->image,
					   .scan = &f->scan,
					   .offer = &f->offer,
					   .taker = &f->taker,
					   .verdict = &f->verdict,
					   .trust = &f->trust,
					   .sha256 = f->sha256,
					   .md5 = f->md5,
					   .dist = f->scan.metadata.dist,
					   .revision = f->scan.metadata.revision};

	if ((a->json ? lb_verify_print_json(&r) : lb_verify_print(&r)) < 0)
		return LB_EXIT_SYSTEM;
	return why == LB_REFUSAL_COUNT ? LB_EXIT_OK : lb_refusal_code(why);
}

int applet_verify(int argc, char **argv)
{
	static struct findings f;
	struct arguments a = {0};
	int code = read_arguments(argc, argv, &a);
	CLEANUP(lb_fd_closep) int fd = -1;

	if (code == LB_EXIT_OK)
		code = load_board(&f.board, a.board);
	if (code == LB_EXIT_OK)
		code = find_signature(&f, &a);
	if (code != LB_EXIT_OK)
		return code;
	fd = open_image(a.image);
	if (fd < 0)
		return -fd;
	if (lb_scan_begin(&f.scan, f.trust.running ? &f.trust.check : NULL, has_md5(a.image)) < 0)
		return LB_EXIT_SYSTEM;
	code = read_image(&f.scan, fd, a.image);
	lb_scan_end(&f.scan);
	if (code != LB_EXIT_OK)
		return code;
	lb_verify_trust_end(&f.trust, &f.scan, fd, a.keys ? a.keys : f.board.image_keys);
	compare_sums(&f, a.image);
	describe(&f, &a);
	describe_board(&f, &a);
	lb_accept(&f.verdict, &f.offer, &f.taker);
	return report(&f, &a);
}
