#include "install/install.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "install/install_work.h"

#define HEAD_TRIES   4	   /* a head's place that goes bad; of new flash 2 % are */
#define ARCHIVE_MORE 65536 /* CONTROL, headers and the padding of a sysupgrade archive */

static uint64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- the verdict */

static enum lb_refusal what_counts(const struct lb_install_work *r)
{
	const struct lb_verdict *v = &r->ask->verified->verdict;

	for (int i = 0; i < LB_REFUSAL_COUNT; i++)
		if (v->refused[i] &&
		    !(r->ask->force && (i == LB_REFUSAL_BOARD || i == LB_REFUSAL_COMPAT)))
			return (enum lb_refusal)i;
	return LB_REFUSAL_COUNT;
}

static int judge_parts(struct lb_install_work *r, enum lb_install_end if_refused)
{
	const struct lb_scan_place *root = &r->ask->verified->scan.file.part[LB_SCAN_ROOT];
	const struct lb_scan_place *kernel = &r->ask->verified->scan.file.part[LB_SCAN_KERNEL];

	if (root->count != 1 || root->size_bytes == 0 || kernel->count > 1 ||
	    (kernel->count && kernel->size_bytes == 0))
		return lb_install_ends_as(r, if_refused, LB_INSTALL_WHY_MEMBERS);
	if (kernel->count && !r->ask->kernel)
		return lb_install_ends_as(r, if_refused, LB_INSTALL_WHY_KERNEL);
	if (root->size_bytes > r->ask->target->size_bytes ||
	    (kernel->count && kernel->size_bytes > r->ask->kernel->size_bytes))
		return lb_install_ends_as(r, if_refused, LB_INSTALL_WHY_TOO_LARGE);
	return 0;
}

static int judge(struct lb_install_work *r, enum lb_install_end if_refused)
{
	const struct lb_verified *v = r->ask->verified;
	enum lb_image_kind kind =
		v->scan.packed ? v->scan.inside.image.kind : v->scan.file.image.kind;
	const enum lb_refusal refusal = what_counts(r);

	r->report->refusal = refusal;
	if (refusal != LB_REFUSAL_COUNT) {
		(void)lb_install_ends_as(r, if_refused, LB_INSTALL_WHY_REFUSED);
		(void)snprintf(r->report->why, sizeof(r->report->why), "%s",
			       v->verdict.why[refusal]);
		return LB_E(STATE);
	}
	if (kind == LB_IMAGE_MEDKIT || (kind == LB_IMAGE_TAR && !lb_install_is_archive(r)))
		return lb_install_ends_as(r, if_refused, LB_INSTALL_WHY_PARTS);
	return lb_install_is_archive(r) ? judge_parts(r, if_refused) : 0;
}

static struct lb_verify_ask verify_ask(const struct lb_install_work *r, int fd)
{
	struct lb_verify_ask ask = r->ask->image;
	uint64_t room = r->ask->target->size_bytes;

	/* Of an archive each member is compared with its own place. */
	if (r->ask->kernel && room < UINT64_MAX / 2 && r->ask->kernel->size_bytes < UINT64_MAX / 4)
		room += r->ask->kernel->size_bytes + ARCHIVE_MORE;
	else if (r->ask->kernel)
		room = UINT64_MAX; /* a file grows */
	ask.fd = fd;
	if (ask.max_bytes == 0 || ask.max_bytes > room)
		ask.max_bytes = room;
	return ask;
}

static uint64_t payload_of(const struct lb_install_work *r)
{
	const uint64_t all = lb_scan_payload_bytes(&r->ask->verified->scan);
	const uint64_t overlay = lb_scan_overlay_bytes(&r->ask->verified->scan);

	return r->ask->keep_rest && overlay > 0 && overlay < all ? overlay : all;
}

static int verify_before(struct lb_install_work *r)
{
	const uint64_t began_ms = now_ms();
	const int fd = lb_source_descriptor(&r->source);
	const struct lb_verify_ask ask = verify_ask(r, fd);
	char why[LB_SENTENCE_MAX];
	int rc;

	if (fd < 0)
		return lb_install_ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNREADABLE);
	lb_install_tell(r, LB_INSTALL_VERIFY, 0, r->source.total_bytes);
	rc = lb_verify_image(r->ask->verified, &ask, why);
	r->report->verify_ms = (uint32_t)(now_ms() - began_ms);
	if (rc < 0) {
		(void)lb_install_ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNREADABLE);
		(void)snprintf(r->report->why, sizeof(r->report->why), "%s", why);
		return LB_E(STATE);
	}
	lb_install_tell(r, LB_INSTALL_VERIFY, r->source.total_bytes, r->source.total_bytes);
	r->payload_bytes = payload_of(r);
	if (r->payload_bytes < lb_scan_payload_bytes(&r->ask->verified->scan))
		r->by_itself = true;
	r->report->image_bytes = r->ask->verified->scan.file.size_bytes;
	return judge(r, LB_INSTALL_REFUSED);
}

/* --- from the source to the target */

static int write_image(struct lb_install_work *r)
{
	const uint64_t began_ms = now_ms();
	int rc = lb_write_begin(r->write, r->payload_bytes), ended;

	/* By the time of the kernel the root is not whole any more. */
	if (rc == LB_E(NOSPC) && r->part == LB_SCAN_ROOT)
		return lb_install_ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_TOO_LARGE);
	if (rc < 0)
		return lb_install_broken(r, rc);
	rc = lb_install_copy(r);
	ended = lb_write_end(r->write, r->ask->clear_rest && r->part == LB_SCAN_ROOT);
	r->report->write_ms += (uint32_t)(now_ms() - began_ms);
	r->report->image_bytes = r->source.at_bytes;
	if (rc < 0)
		return rc;
	if (ended == LB_E(TRUNC) || (ended == 0 && !lb_install_is_same(r)))
		return lb_install_ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_CHANGED);
	return ended < 0 ? lb_install_broken(r, ended) : 0;
}

static void tell_read_back(void *ctx, uint64_t bytes)
{
	const struct lb_install_work *r = ctx;

	lb_install_tell(r, LB_INSTALL_READ_BACK, bytes, r->payload_bytes);
}

static int judge_stream(struct lb_install_work *r)
{
	int rc = judge(r, LB_INSTALL_BROKEN);

	if (rc == 0 && r->ask->accept && r->ask->accept(r->ask->ctx) < 0)
		rc = lb_install_ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_DISK);
	return rc;
}

/* What was read back is not what was verified: has the medium changed it, or was the second reading
 * of the source another one? */
static int differs(struct lb_install_work *r)
{
	uint8_t hash[LB_SHA256_SIZE];

	if (!r->streams && (lb_source_hash(&r->source, hash) < 0 ||
			    memcmp(hash, r->ask->verified->scan.sha256, sizeof(hash)) != 0))
		return lb_install_ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_CHANGED);
	return lb_install_ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_READ_BACK);
}

/* Of what is written now, as it was verified. */
static const uint8_t *hash_of(const struct lb_install_work *r)
{
	const struct lb_scan *scan = &r->ask->verified->scan;

	if (lb_install_is_archive(r))
		return scan->file.part[r->part].sha256;
	return r->by_itself ? r->masked_sha256 : scan->payload_sha256;
}

static int read_back(struct lb_install_work *r)
{
	const uint64_t began_ms = now_ms();
	int rc = lb_write_check(r->write, hash_of(r), tell_read_back, r);

	if (rc == LB_E(CRC))
		rc = differs(r);
	else if (rc < 0)
		rc = lb_install_ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_WRITE);
	else if (r->streams)
		rc = judge_stream(r);
	r->report->read_back_ms += (uint32_t)(now_ms() - began_ms);
	return rc;
}

/* LB_E(BUSY): it has to be written once more. */
static int commit(struct lb_install_work *r)
{
	int rc;

	if (r->part == LB_SCAN_ROOT && r->ask->clear && r->ask->clear(r->ask->ctx) < 0)
		return lb_install_ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_OVERLAY);
	rc = lb_write_commit(r->write);
	if (rc == LB_E(STATE))
		return LB_E(BUSY);
	if (rc < 0)
		return lb_install_ends_as(r, LB_INSTALL_BROKEN,
					  rc == LB_E(CRC) ? LB_INSTALL_WHY_READ_BACK
							  : LB_INSTALL_WHY_WRITE);
	r->report->bytes += r->payload_bytes;
	memcpy(r->report->sha256, hash_of(r), sizeof(r->report->sha256));
	return 0;
}

static int write_until_whole(struct lb_install_work *r)
{
	for (int i = 0; i < HEAD_TRIES; i++) {
		int rc = i == 0 || lb_source_rewind(&r->source) == 0 ? write_image(r) : LB_E(BUSY);

		if (rc == 0)
			rc = read_back(r);
		if (rc == 0)
			rc = commit(r);
		if (rc != LB_E(BUSY))
			return rc;
	}
	return lb_install_ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_WRITE);
}

static int take(struct lb_install_work *r, enum lb_scan_part part)
{
	const bool archive = lb_install_is_archive(r);

	r->part = part;
	r->write = &r->lanes[part];
	if (archive)
		r->payload_bytes = r->ask->verified->scan.file.part[part].size_bytes;
	return !archive || lb_source_rewind(&r->source) == 0
		       ? 0
		       : lb_install_ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_UNREADABLE);
}

/* The root waits with its head until the kernel is there: while a kernel is not whole, no loader
 * can start the device, and the root shows that all of it has to be done again. It shows that from
 * its first byte on, as lb_install_ask demands: an old root that is whole would pass for the one of
 * the new kernel. */
static int write_parts(struct lb_install_work *r)
{
	int rc = take(r, LB_SCAN_ROOT);

	if (rc == 0)
		rc = write_image(r);
	if (rc == 0)
		rc = read_back(r);
	if (rc == 0)
		rc = take(r, LB_SCAN_KERNEL);
	if (rc == 0)
		rc = write_until_whole(r);
	if (rc == 0)
		rc = take(r, LB_SCAN_ROOT);
	if (rc == 0)
		rc = commit(r);
	return rc == LB_E(BUSY) ? write_until_whole(r) : rc;
}

static int write_all(struct lb_install_work *r)
{
	int rc;

	if (lb_install_is_archive(r) && r->ask->verified->scan.file.part[LB_SCAN_KERNEL].count)
		rc = write_parts(r);
	else
		rc = (rc = take(r, LB_SCAN_ROOT)) < 0 ? rc : write_until_whole(r);
	if (rc == 0)
		r->report->end = LB_INSTALL_DONE;
	return rc;
}

static int begin_stream(struct lb_install_work *r)
{
	const struct lb_verify_ask ask = verify_ask(r, -1);
	char why[LB_SENTENCE_MAX];

	if (lb_peek(r->peek, &r->source) < 0)
		return lb_install_ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNREADABLE);
	if (r->ask->peek && r->ask->peek(r->ask->ctx, r->peek->head, r->peek->head_len) < 0)
		return lb_install_ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_DISK);
	r->verifies = lb_verify_begin(r->ask->verified, &ask, why) == 0;
	if (r->verifies)
		return 0;
	(void)lb_install_ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNREADABLE);
	(void)snprintf(r->report->why, sizeof(r->report->why), "%s", why);
	return LB_E(STATE);
}

static int note_end(struct lb_install_work *r, int rc)
{
	if (!r->ask->end || r->ask->end(r->ask->ctx, r->report) == 0 || rc < 0)
		return rc;
	(void)lb_install_ends_as(r, r->report->end, LB_INSTALL_WHY_UNRECORDED);
	return LB_E(IO);
}

static void add_bad_bytes(struct lb_install_work *r, const struct plat_target *target)
{
	if (target->bad_bytes)
		r->report->bad_bytes += target->bad_bytes(target->ctx);
}

static int change_target(struct lb_install_work *r)
{
	int rc;

	if (r->ask->begin && r->ask->begin(r->ask->ctx) < 0)
		return lb_install_ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_RECORD);
	rc = lb_source_rewind(&r->source) < 0
		     ? lb_install_ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNREADABLE)
		     : write_all(r);
	add_bad_bytes(r, r->ask->target);
	if (r->ask->kernel)
		add_bad_bytes(r, r->ask->kernel);
	return note_end(r, rc);
}

static int open_lanes(struct lb_install_work *r)
{
	int rc = lb_write_open(&r->lanes[LB_SCAN_ROOT], r->ask->target);

	if (rc == 0 && lb_install_is_archive(r) && r->ask->kernel)
		rc = lb_write_open(&r->lanes[LB_SCAN_KERNEL], r->ask->kernel);
	return rc < 0 ? lb_install_ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_MEMORY) : 0;
}

static int verify_and_write(struct lb_install_work *r)
{
	int rc;

	r->streams = !r->source.again;
	r->report->streamed = r->streams;
	r->payload_bytes = LB_WRITE_LENGTH_UNKNOWN;
	if (r->streams && r->ask->running)
		return lb_install_ends_as(r, LB_INSTALL_UNTOUCHED, LB_INSTALL_WHY_UNCHECKED);
	rc = r->streams ? begin_stream(r) : verify_before(r);
	if (rc < 0)
		return rc;
	rc = open_lanes(r);
	if (rc == 0)
		rc = change_target(r);
	lb_install_end_stream(r);
	for (int i = 0; i < LB_SCAN_PARTS; i++)
		lb_write_closep(&r->lanes[i]);
	return rc;
}

int lb_install_run(struct lb_install_report *out, const struct lb_install_ask *ask)
{
	static struct lb_peek peek; /* large */
	struct lb_install_work r = {
		.ask = ask, .report = out, .peek = &peek, .by_itself = ask->target->mask != NULL};
	int rc;

	*out = (struct lb_install_report){.end = LB_INSTALL_UNTOUCHED, .refusal = LB_REFUSAL_COUNT};
	rc = lb_source_open(&r.source, ask->image.fd, ask->spool_max_bytes);
	if (rc < 0)
		return lb_install_ends_as(&r, LB_INSTALL_UNTOUCHED,
					  rc == LB_E(NOSPC) ? LB_INSTALL_WHY_MEMORY
							    : LB_INSTALL_WHY_UNREADABLE);
	rc = verify_and_write(&r);
	lb_source_closep(&r.source);
	return rc;
}
