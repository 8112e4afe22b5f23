#include "install/verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/companion.h"
#include "install/compat.h"
#include "install/ring.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/spool.h"

#define COMPANION_MAX 8000 /* a list of the hashes of all images of a release */

static const char *key_folder(const struct lb_verified *v)
{
	return v->ask.keys ? v->ask.keys : v->ask.board->image_keys;
}

static bool beside(char path[LB_PATH_MAX], const char *image, const char *ending)
{
	return strcmp(image, "-") != 0 &&
	       snprintf(path, LB_PATH_MAX, "%s%s", image, ending) < LB_PATH_MAX;
}

/* The list of a whole release, in the folder of the image. */
static bool in_folder(char path[LB_PATH_MAX], const char *image, const char *name)
{
	const char *slash = strrchr(image, '/');
	const int folder_len = slash ? (int)(slash + 1 - image) : 0;

	return strcmp(image, "-") != 0 &&
	       snprintf(path, LB_PATH_MAX, "%.*s%s", folder_len, image, name) < LB_PATH_MAX;
}

static int find_list(struct lb_verified *v)
{
	const char *image = v->ask.image;
	char path[LB_PATH_MAX];

	if (beside(path, image, ".sha256") &&
	    lb_verify_trust_list(&v->trust, path, image, key_folder(v)) == 0)
		return 0;
	return in_folder(path, image, "sha256sums")
		       ? lb_verify_trust_list(&v->trust, path, image, key_folder(v))
		       : LB_E(NOENT);
}

static int find_signature(struct lb_verified *v, char why[LB_SENTENCE_MAX])
{
	const char *given = v->ask.signature;
	char path[LB_PATH_MAX];
	int rc = LB_E(NOENT);

	if (given)
		rc = lb_verify_trust_beside(&v->trust, given, key_folder(v));
	else if (beside(path, v->ask.image, ".sig"))
		rc = lb_verify_trust_beside(&v->trust, path, key_folder(v));
	if (rc == LB_E(NOENT) && !given)
		rc = find_list(v);
	if (rc == 0 || (rc == LB_E(NOENT) && !given))
		return 0;
	(void)snprintf(why, LB_SENTENCE_MAX, "the signature %.180s: it %s", given ? given : path,
		       lb_strerror(rc));
	return rc;
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

static void compare_sums(struct lb_verified *v)
{
	const char *image = v->ask.image;
	struct lb_scan *s = &v->scan;

	v->sha256 = compare(image, ".sha256", s->sha256, sizeof(s->sha256));
	v->md5 = s->with_md5 ? compare(image, ".md5", s->md5, sizeof(s->md5)) : LB_VERIFY_SUM_NONE;
	if (s->damage[0])
		return;
	if (v->sha256 == LB_VERIFY_SUM_WRONG)
		(void)snprintf(s->damage, sizeof(s->damage),
			       "does not have the hash that the .sha256 file beside it says");
	else if (v->md5 == LB_VERIFY_SUM_WRONG)
		(void)snprintf(s->damage, sizeof(s->damage),
			       "does not have the hash that the .md5 file beside it says");
}

static void add_board(struct lb_verified *v, const char *name)
{
	if (name[0] && v->offer.board_count < LB_IMAGE_BOARDS_MAX)
		(void)snprintf(v->boards[v->offer.board_count++], LB_NAME_MAX, "%s", name);
}

/* The metadata know best; then the medkit's name, which is all that Turris looks at; then the
 * header. */
static void describe(struct lb_verified *v)
{
	const struct lb_scan *s = &v->scan;
	const struct lb_scan_layer *l = s->packed ? &s->inside : &s->file;
	struct lb_offer *o = &v->offer;

	*o = (struct lb_offer){.kind = s->file.image.kind,
			       .inside = lb_scan_inside(s),
			       .damage = s->damage,
			       .has_metadata = s->has_metadata,
			       .boards = v->boards,
			       .other_board = "",
			       .version = s->metadata.version,
			       .compat_version = s->metadata.compat_version,
			       .compat_message = s->metadata.compat_message,
			       .size_bytes = lb_scan_payload_bytes(s),
			       .trust = v->trust.state,
			       .clock_behind = v->trust.clock_behind,
			       .signature_beside = v->trust.beside,
			       .key_id = v->trust.id};
	for (size_t i = 0; i < s->metadata.board_count; i++)
		add_board(v, s->metadata.boards[i]);
	if (s->has_metadata)
		return;
	o->version = l->image.version;
	if (l->image.kind != LB_IMAGE_MEDKIT) {
		add_board(v, l->image.board);
		return;
	}
	if (lb_medkit_name_parse(&v->medkit, v->ask.image) == 0)
		add_board(v, v->medkit.board);
	o->version = l->turris_version[0] ? l->turris_version : v->medkit.version;
	if (!l->content.board)
		return;
	if (l->content.boards_differ ||
	    (v->medkit.board[0] && strcmp(v->medkit.board, l->content.board) != 0))
		o->other_board = l->content.board;
	else if (!v->medkit.board[0])
		add_board(v, l->content.board);
}

static void describe_board(struct lb_verified *v)
{
	const struct lb_board *b = v->ask.board;

	if (b->compat_version[0])
		memcpy(v->compat, b->compat_version, sizeof(v->compat));
	else
		lb_compat_read(v->compat, LB_COMPAT_FILE);
	v->taker = (struct lb_taker){
		.id = strcmp(b->id, "unknown") == 0 ? "" : b->id,
		.names = b->image_names,
		.name_count = b->image_name_count,
		.compat_version = v->compat,
		.min_version = b->min_version,
		.max_bytes =
			v->ask.max_bytes ? v->ask.max_bytes : (uint64_t)b->image_max_kib * 1024,
		.signature_required = lb_board_wants_signature(b, v->ask.door),
		.door_words = lb_door_words(v->ask.door),
		.keep_settings = !v->ask.drop_settings,
		.ignore_minor = v->ask.ignore_minor,
	};
}

int lb_verify_begin(struct lb_verified *v, const struct lb_verify_ask *ask,
		    char why[LB_SENTENCE_MAX])
{
	int rc;

	memset(v, 0, sizeof(*v));
	v->ask = *ask;
	rc = find_signature(v, why);
	if (rc < 0)
		return rc;
	rc = lb_scan_begin(&v->scan, v->trust.running ? &v->trust.check : NULL,
			   has_md5(ask->image));
	if (rc < 0)
		(void)snprintf(why, LB_SENTENCE_MAX, "libsodium cannot be used on this system");
	v->scan.inside_take = ask->inside_take;
	v->scan.inside_ctx = ask->inside_ctx;
	return rc;
}

void lb_verify_feed(struct lb_verified *v, const void *data, size_t n)
{
	lb_scan_feed(&v->scan, data, n);
}

void lb_verify_end(struct lb_verified *v, int again, int64_t start)
{
	lb_scan_end(&v->scan);
	lb_verify_trust_end(&v->trust, &v->scan, again, start, key_folder(v));
	compare_sums(v);
	describe(v);
	describe_board(v);
	lb_accept(&v->verdict, &v->offer, &v->taker);
}

/* The bytes as they are read: into the spool here, into the scan and into the signature's hash in
 * threads of their own, since that hash takes as long as all the rest. */
static int read_pieces(struct lb_verified *v, struct lb_ring *ring, struct lb_spool *spool,
		       char why[LB_SENTENCE_MAX])
{
	struct lb_ring_piece *p;
	uint64_t read_bytes = 0;
	ssize_t n = 1;

	while (n != 0 && (p = lb_ring_take(ring))) {
		n = read(v->ask.fd, p->data, ring->piece_bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			(void)snprintf(why, LB_SENTENCE_MAX, "%.180s cannot be read: %s",
				       v->ask.image, strerror(errno));
			return LB_E(IO);
		}
		lb_spool_feed(spool, p->data, (size_t)n);
		lb_ring_put(ring, (size_t)n);
		read_bytes += (uint64_t)n;
		if (v->ask.progress)
			v->ask.progress(v->ask.ctx, read_bytes);
	}
	return 0;
}

static int scan_lane(void *ctx, const uint8_t *data, size_t n)
{
	lb_scan_feed(ctx, data, n);
	return 0;
}

static int signature_lane(void *ctx, const uint8_t *data, size_t n)
{
	lb_ed25519_feed(ctx, data, n);
	return 0;
}

static int read_all(struct lb_verified *v, struct lb_spool *spool, char why[LB_SENTENCE_MAX])
{
	CLEANUP(lb_ring_closep) struct lb_ring ring = {0};
	int rc = lb_ring_open(&ring, LB_RING_PIECE_BYTES), finished;

	if (rc < 0) {
		(void)snprintf(why, LB_SENTENCE_MAX, "there is no memory to read %.180s",
			       v->ask.image);
		return rc;
	}
	lb_ring_add(&ring, scan_lane, &v->scan);
	if (v->scan.signature)
		lb_ring_add(&ring, signature_lane, v->scan.signature);
	v->scan.signature = NULL; /* it has a lane of its own */
	rc = read_pieces(v, &ring, spool, why);
	finished = lb_ring_finish(&ring);
	return rc < 0 ? rc : finished;
}

/* The verdict that nothing but the signature was looked at for. */
static void judge_signature(struct lb_verified *v)
{
	v->offer = (struct lb_offer){.boards = v->boards,
				     .other_board = "",
				     .version = "",
				     .compat_version = "",
				     .compat_message = "",
				     .damage = "",
				     .trust = v->trust.state,
				     .clock_behind = v->trust.clock_behind,
				     .signature_beside = v->trust.beside,
				     .key_id = v->trust.id};
	describe_board(v);
	lb_accept(&v->verdict, &v->offer, &v->taker);
	for (int r = 0; r < LB_REFUSAL_COUNT; r++)
		if (r != LB_REFUSAL_SIGNATURE)
			v->verdict.refused[r] = false;
}

/* 1 = to be gone on with, 0 = `v` has the answer, LB_E(...). */
static int look_at_signature(struct lb_verified *v, const struct lb_verify_ask *ask, int64_t start,
			     char why[LB_SENTENCE_MAX])
{
	int rc;

	memset(v, 0, sizeof(*v));
	v->ask = *ask;
	rc = find_signature(v, why);
	if (rc < 0)
		return rc;
	if (lb_verify_trust_now(&v->trust, ask->fd, start) < 0 ||
	    lseek(ask->fd, start, SEEK_SET) < 0) {
		(void)snprintf(why, LB_SENTENCE_MAX, "%.180s cannot be read: %s", ask->image,
			       strerror(errno));
		return LB_E(IO);
	}
	judge_signature(v);
	return !v->verdict.refused[LB_REFUSAL_SIGNATURE];
}

int lb_verify_image(struct lb_verified *out, const struct lb_verify_ask *ask,
		    char why[LB_SENTENCE_MAX])
{
	const int64_t start = lseek(ask->fd, 0, SEEK_CUR);
	CLEANUP(lb_spool_closep) struct lb_spool spool = {.fd = -1};
	int rc = ask->signature_first && start >= 0 ? look_at_signature(out, ask, start, why) : 1;

	if (rc <= 0)
		return rc;
	rc = lb_verify_begin(out, ask, why);
	if (rc < 0)
		return rc;
	if (start < 0 && lb_spool_begin(&spool, lb_spool_room()) < 0)
		spool.fd = -1; /* then nothing but such a signature goes unchecked */
	rc = read_all(out, &spool, why);
	if (rc < 0) {
		lb_scan_end(&out->scan);
		return rc;
	}
	lb_verify_end(out, start < 0 ? spool.fd : ask->fd, start < 0 ? 0 : start);
	return 0;
}
