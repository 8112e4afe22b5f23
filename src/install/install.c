#include "install/install.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "install/peek.h"
#include "install/source.h"
#include "install/write.h"

#define HEAD_TRIES   4 /* a head's place that goes bad; of new flash 2 % are */
#define PACKED_PIECE 65536

struct run {
	const struct lb_install_ask *ask;
	struct lb_install_report *report;
	struct lb_source source;
	struct lb_write write;
	struct lb_peek *peek;	/* of what streams */
	bool streams;		/* verified while it is written */
	bool verifies;		/* that has begun, and not ended */
	uint64_t payload_bytes; /* LB_WRITE_LENGTH_UNKNOWN while it streams */
	/* What is unpacked. */
	uint8_t *room;
	size_t room_used;
	/* For a target that keeps bytes of its own: of what is read, and of what is written. */
	struct lb_sha256 source_hash, masked_hash;
	uint8_t masked_sha256[LB_SHA256_SIZE];
};

static const struct {
	const char *name, *text;
} whys[] = {
#define INSTALL_WHY(id, name_, text_) {.name = (name_), .text = (text_)},
#include "tables/install_whys.def"
#undef INSTALL_WHY
};

static const struct {
	const char *name;
	int code;
} ends[] = {
#define INSTALL_END(id, code_, name_) {.name = (name_), .code = (code_)},
#include "tables/install_ends.def"
#undef INSTALL_END
};

const char *lb_install_end_name(enum lb_install_end end)
{
	return ends[end].name;
}

const char *lb_install_why_name(enum lb_install_why why)
{
	return whys[why].name;
}

int lb_install_code(const struct lb_install_report *report)
{
	if (report->end == LB_INSTALL_REFUSED && report->refusal != LB_REFUSAL_COUNT)
		return lb_refusal_code(report->refusal);
	return ends[report->end].code;
}

static uint64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int ends_as(struct run *r, enum lb_install_end end, enum lb_install_why why)
{
	r->report->end = end;
	r->report->cause = why;
	(void)snprintf(r->report->why, sizeof(r->report->why), "%s", whys[why].text);
	return LB_E(STATE);
}

static void tell(const struct run *r, enum lb_install_phase phase, uint64_t done, uint64_t total)
{
	if (r->ask->progress)
		r->ask->progress(r->ask->ctx, phase, done, total);
}

/* --- the verdict */

static enum lb_refusal what_counts(const struct run *r)
{
	const struct lb_verdict *v = &r->ask->verified->verdict;

	for (int i = 0; i < LB_REFUSAL_COUNT; i++)
		if (v->refused[i] &&
		    !(r->ask->force && (i == LB_REFUSAL_BOARD || i == LB_REFUSAL_COMPAT)))
			return (enum lb_refusal)i;
	return LB_REFUSAL_COUNT;
}

static int judge(struct run *r, enum lb_install_end if_refused)
{
	const struct lb_verified *v = r->ask->verified;
	enum lb_image_kind kind =
		v->scan.packed ? v->scan.inside.image.kind : v->scan.file.image.kind;
	const enum lb_refusal refusal = what_counts(r);

	r->report->refusal = refusal;
	if (refusal != LB_REFUSAL_COUNT) {
		(void)ends_as(r, if_refused, LB_INSTALL_WHY_REFUSED);
		(void)snprintf(r->report->why, sizeof(r->report->why), "%s",
			       v->verdict.why[refusal]);
		return LB_E(STATE);
	}
	if (kind == LB_IMAGE_TAR || kind == LB_IMAGE_MEDKIT)
		return ends_as(r, if_refused, LB_INSTALL_WHY_PARTS);
	return 0;
}

static struct lb_verify_ask verify_ask(const struct run *r, int fd)
{
	struct lb_verify_ask ask = r->ask->image;

	ask.fd = fd;
	if (ask.max_bytes == 0 || ask.max_bytes > r->ask->target->size_bytes)
		ask.max_bytes = r->ask->target->size_bytes;
	return ask;
}

static uint64_t payload_of(const struct run *r)
{
	const uint64_t all = lb_scan_payload_bytes(&r->ask->verified->scan);
	const uint64_t overlay = lb_scan_overlay_bytes(&r->ask->verified->scan);

	return r->ask->keep_rest && overlay > 0 && overlay < all ? overlay : all;
}

static int verify_before(struct run *r)
{
	const uint64_t began_ms = now_ms();
	const int fd = lb_source_descriptor(&r->source);
	const struct lb_verify_ask ask = verify_ask(r, fd);
	char why[LB_SENTENCE_MAX];
	int rc;

	if (fd < 0)
		return ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNREADABLE);
	tell(r, LB_INSTALL_VERIFY, 0, r->source.total_bytes);
	rc = lb_verify_image(r->ask->verified, &ask, why);
	r->report->verify_ms = (uint32_t)(now_ms() - began_ms);
	if (rc < 0) {
		(void)ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNREADABLE);
		(void)snprintf(r->report->why, sizeof(r->report->why), "%s", why);
		return LB_E(STATE);
	}
	tell(r, LB_INSTALL_VERIFY, r->source.total_bytes, r->source.total_bytes);
	r->payload_bytes = payload_of(r);
	r->report->image_bytes = r->ask->verified->scan.file.size_bytes;
	return judge(r, LB_INSTALL_REFUSED);
}

/* --- from the source to the target */

/* The end of what streams; or that of its beginning, when something failed. */
static void end_stream(struct run *r)
{
	if (!r->verifies)
		return;
	r->verifies = false;
	lb_verify_end(r->ask->verified, -1, 0);
	r->payload_bytes = lb_scan_payload_bytes(&r->ask->verified->scan);
}

static int broken(struct run *r, int rc)
{
	return ends_as(r, LB_INSTALL_BROKEN,
		       rc == LB_E(NOSPC) ? LB_INSTALL_WHY_FULL : LB_INSTALL_WHY_WRITE);
}

static ssize_t read_source(struct run *r, void *buf, size_t n)
{
	const ssize_t got = lb_source_read(&r->source, buf, n);

	if (got < 0)
		return ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_UNREADABLE);
	if (r->streams)
		lb_verify_feed(r->ask->verified, buf, (size_t)got);
	else if (r->ask->target->mask)
		lb_sha256_feed(&r->source_hash, buf, (size_t)got);
	tell(r, LB_INSTALL_WRITE, r->source.at_bytes, r->source.total_bytes);
	return got;
}

static void put(struct run *r, uint8_t *room, size_t n)
{
	const struct plat_target *t = r->ask->target;

	if (t->mask) {
		const uint64_t at = r->write.put_bytes;
		const uint64_t left = r->payload_bytes > at ? r->payload_bytes - at : 0;

		t->mask(t->ctx, at, room, n);
		lb_sha256_feed(&r->masked_hash, room, n < left ? n : (size_t)left);
	}
	lb_write_put(&r->write, n);
}

/* As it is. Its length is known, or the source is a pipe: see copy_stream(). */
static int copy_plain(struct run *r)
{
	const size_t piece = r->write.ring.piece_bytes;
	ssize_t n;

	do {
		uint8_t *room = lb_write_room(&r->write);

		if (!room)
			return 0; /* lb_write_end() says why */
		n = read_source(r, room, piece);
		if (n < 0)
			return (int)n;
		put(r, room, (size_t)n);
	} while ((size_t)n == piece);
	return 0;
}

/* Only at the end of a stream it shows whether its last bytes are OpenWrt's blocks: as many as
 * those may have are held back. */
static int copy_stream(struct run *r)
{
	static uint8_t held[LB_FWTOOL_TAIL_BYTES];
	const size_t piece = r->write.ring.piece_bytes;
	size_t held_len = 0, n;
	bool ended = false;

	while (!ended) {
		uint8_t *room = lb_write_room(&r->write);
		ssize_t got;

		if (!room)
			return 0;
		memcpy(room, held, held_len);
		got = read_source(r, room + held_len, piece - held_len);
		if (got < 0)
			return (int)got;
		n = held_len + (size_t)got;
		held_len = 0;
		ended = n < piece;
		if (!ended) {
			got = read_source(r, held, sizeof(held));
			if (got < 0)
				return (int)got;
			held_len = (size_t)got;
			ended = held_len < sizeof(held);
		}
		if (ended) {
			end_stream(r);
			lb_write_length(&r->write, r->payload_bytes);
		}
		put(r, room, n);
	}
	if (held_len > 0) {
		uint8_t *room = lb_write_room(&r->write);

		if (!room)
			return 0;
		memcpy(room, held, held_len);
		put(r, room, held_len);
	}
	return 0;
}

static void unpacked(void *ctx, const uint8_t *data, size_t n)
{
	struct run *r = ctx;
	const size_t piece = r->write.ring.piece_bytes;

	for (size_t at = 0, use; at < n; at += use) {
		if (!r->room)
			r->room = lb_write_room(&r->write);
		if (!r->room)
			return; /* lb_write_end() says why */
		use = n - at < piece - r->room_used ? n - at : piece - r->room_used;
		memcpy(r->room + r->room_used, data + at, use);
		r->room_used += use;
		if (r->room_used < piece)
			continue;
		put(r, r->room, piece);
		r->room = NULL;
		r->room_used = 0;
	}
}

static int copy_packed(struct run *r, enum lb_image_kind kind)
{
	static struct lb_unpack unpack;
	static uint8_t buf[PACKED_PIECE];
	ssize_t n;
	int rc;

	if (lb_unpack_open(&unpack, kind, unpacked, r) < 0)
		return ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_MEMORY);
	r->room = NULL;
	r->room_used = 0;
	while ((n = read_source(r, buf, sizeof(buf))) > 0)
		lb_unpack_feed(&unpack, buf, (size_t)n);
	rc = lb_unpack_end(&unpack);
	lb_unpack_close(&unpack);
	if (r->room)
		put(r, r->room, r->room_used);
	if (n == 0)
		end_stream(r);
	/* It was whole when it was verified. What streams is verified only now. */
	if (n == 0 && rc < 0 && !r->streams)
		return ends_as(r, LB_INSTALL_BROKEN,
			       rc == LB_E(NOSPC) ? LB_INSTALL_WHY_MEMORY : LB_INSTALL_WHY_CHANGED);
	return (int)n;
}

static int copy(struct run *r)
{
	const struct lb_scan *scan = &r->ask->verified->scan;
	const enum lb_image_kind packed = r->streams	 ? r->peek->packed
					  : scan->packed ? scan->file.image.kind
							 : LB_IMAGE_NONE;

	lb_sha256_begin(&r->source_hash);
	lb_sha256_begin(&r->masked_hash);
	if (packed != LB_IMAGE_NONE)
		return copy_packed(r, packed);
	return r->streams ? copy_stream(r) : copy_plain(r);
}

/* What is read back there is not what was verified: the second reading is compared by itself. */
static bool is_same(struct run *r)
{
	uint8_t hash[LB_SHA256_SIZE];

	if (!r->ask->target->mask)
		return true;
	lb_sha256_end(&r->masked_hash, r->masked_sha256);
	lb_sha256_end(&r->source_hash, hash);
	return r->streams || memcmp(hash, r->ask->verified->scan.sha256, sizeof(hash)) == 0;
}

static int write_image(struct run *r)
{
	const uint64_t began_ms = now_ms();
	int rc = lb_write_begin(&r->write, r->payload_bytes), ended;

	if (rc == LB_E(NOSPC))
		return ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_TOO_LARGE);
	if (rc < 0)
		return broken(r, rc);
	rc = copy(r);
	ended = lb_write_end(&r->write, r->ask->clear_rest);
	r->report->write_ms += (uint32_t)(now_ms() - began_ms);
	r->report->image_bytes = r->source.at_bytes;
	if (rc < 0)
		return rc;
	if (ended == LB_E(TRUNC) || (ended == 0 && !is_same(r)))
		return ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_CHANGED);
	return ended < 0 ? broken(r, ended) : 0;
}

static void tell_read_back(void *ctx, uint64_t bytes)
{
	const struct run *r = ctx;

	tell(r, LB_INSTALL_READ_BACK, bytes, r->payload_bytes);
}

static int judge_stream(struct run *r)
{
	int rc = judge(r, LB_INSTALL_BROKEN);

	if (rc == 0 && r->ask->accept && r->ask->accept(r->ask->ctx) < 0)
		rc = ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_DISK);
	return rc;
}

/* What was read back is not what was verified: has the medium changed it, or was the second reading
 * of the source another one? */
static int differs(struct run *r)
{
	uint8_t hash[LB_SHA256_SIZE];

	if (!r->streams && (lb_source_hash(&r->source, hash) < 0 ||
			    memcmp(hash, r->ask->verified->scan.sha256, sizeof(hash)) != 0))
		return ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_CHANGED);
	return ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_READ_BACK);
}

static int check_and_commit(struct run *r)
{
	const uint8_t *verified =
		r->ask->target->mask ? r->masked_sha256 : r->ask->verified->scan.payload_sha256;
	const uint64_t began_ms = now_ms();
	int rc = lb_write_check(&r->write, verified, tell_read_back, r);

	if (rc == 0 && r->streams && judge_stream(r) < 0)
		return LB_E(STATE);
	if (rc == 0 && r->ask->clear && r->ask->clear(r->ask->ctx) < 0)
		return ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_OVERLAY);
	if (rc == 0)
		rc = lb_write_commit(&r->write);
	r->report->read_back_ms += (uint32_t)(now_ms() - began_ms);
	if (rc == LB_E(STATE))
		return LB_E(BUSY); /* to be written once more */
	if (rc == LB_E(CRC))
		return differs(r);
	if (rc < 0)
		return ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_WRITE);
	r->report->end = LB_INSTALL_DONE;
	r->report->bytes = r->payload_bytes;
	memcpy(r->report->sha256, verified, sizeof(r->report->sha256));
	return 0;
}

static int write_until_whole(struct run *r)
{
	for (int i = 0; i < HEAD_TRIES; i++) {
		int rc = i == 0 || lb_source_rewind(&r->source) == 0 ? write_image(r) : LB_E(BUSY);

		if (rc == 0)
			rc = check_and_commit(r);
		if (rc != LB_E(BUSY))
			return rc;
	}
	return ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_WRITE);
}

static int begin_stream(struct run *r)
{
	const struct lb_verify_ask ask = verify_ask(r, -1);
	char why[LB_SENTENCE_MAX];

	if (lb_peek(r->peek, &r->source) < 0)
		return ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNREADABLE);
	if (r->ask->peek && r->ask->peek(r->ask->ctx, r->peek->head, r->peek->head_len) < 0)
		return ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_DISK);
	r->verifies = lb_verify_begin(r->ask->verified, &ask, why) == 0;
	if (r->verifies)
		return 0;
	(void)ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNREADABLE);
	(void)snprintf(r->report->why, sizeof(r->report->why), "%s", why);
	return LB_E(STATE);
}

static int note_end(struct run *r, int rc)
{
	if (!r->ask->end || r->ask->end(r->ask->ctx, r->report) == 0 || rc < 0)
		return rc;
	r->report->cause = LB_INSTALL_WHY_UNRECORDED;
	(void)snprintf(r->report->why, sizeof(r->report->why), "%s",
		       whys[LB_INSTALL_WHY_UNRECORDED].text);
	return LB_E(IO);
}

static int change_target(struct run *r)
{
	int rc;

	if (r->ask->begin && r->ask->begin(r->ask->ctx) < 0)
		return ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_RECORD);
	rc = lb_source_rewind(&r->source) < 0
		     ? ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNREADABLE)
		     : write_until_whole(r);
	if (r->ask->target->bad_bytes)
		r->report->bad_bytes = r->ask->target->bad_bytes(r->ask->target->ctx);
	return note_end(r, rc);
}

static int verify_and_write(struct run *r)
{
	int rc;

	r->streams = !r->source.again;
	r->report->streamed = r->streams;
	r->payload_bytes = LB_WRITE_LENGTH_UNKNOWN;
	if (r->streams && r->ask->running)
		return ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNCHECKED);
	rc = r->streams ? begin_stream(r) : verify_before(r);
	if (rc < 0)
		return rc;
	if (lb_write_open(&r->write, r->ask->target) < 0)
		return ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_MEMORY);
	rc = change_target(r);
	end_stream(r);
	lb_write_closep(&r->write);
	return rc;
}

int lb_install_run(struct lb_install_report *out, const struct lb_install_ask *ask)
{
	static struct lb_peek peek; /* large */
	struct run r = {.ask = ask, .report = out, .peek = &peek};
	int rc;

	*out = (struct lb_install_report){.end = LB_INSTALL_UNTOUCHED, .refusal = LB_REFUSAL_COUNT};
	rc = lb_source_open(&r.source, ask->image.fd, ask->spool_max_bytes);
	if (rc < 0)
		return ends_as(&r, LB_INSTALL_UNTOUCHED,
			       rc == LB_E(NOSPC) ? LB_INSTALL_WHY_MEMORY
						 : LB_INSTALL_WHY_UNREADABLE);
	rc = verify_and_write(&r);
	lb_source_closep(&r.source);
	return rc;
}
