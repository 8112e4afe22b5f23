#include "install/install_work.h"

#include <string.h>

#define PACKED_PIECE 65536

void lb_install_end_stream(struct lb_install_work *r)
{
	if (!r->verifies)
		return;
	r->verifies = false;
	lb_verify_end(r->ask->verified, -1, 0);
	r->payload_bytes = lb_scan_payload_bytes(&r->ask->verified->scan);
}

static ssize_t read_source(struct lb_install_work *r, void *buf, size_t n)
{
	const ssize_t got = lb_source_read(&r->source, buf, n);

	if (got < 0)
		return lb_install_ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_UNREADABLE);
	if (r->streams)
		lb_verify_feed(r->ask->verified, buf, (size_t)got);
	else if (r->by_itself)
		lb_sha256_feed(&r->source_hash, buf, (size_t)got);
	lb_install_tell(r, LB_INSTALL_WRITE, r->source.at_bytes, r->source.total_bytes);
	return got;
}

static void put(struct lb_install_work *r, uint8_t *room, size_t n)
{
	const struct plat_target *t = r->ask->target;

	if (r->by_itself) {
		const uint64_t at = r->write->put_bytes;
		const uint64_t left = r->payload_bytes > at ? r->payload_bytes - at : 0;

		if (t->mask)
			t->mask(t->ctx, at, room, n);
		lb_sha256_feed(&r->masked_hash, room, n < left ? n : (size_t)left);
	}
	lb_write_put(r->write, n);
}

/* As it is. Its length is known, or the source is a pipe: see copy_stream(). */
static int copy_plain(struct lb_install_work *r)
{
	const size_t piece = r->write->ring.piece_bytes;
	ssize_t n;

	do {
		uint8_t *room = lb_write_room(r->write);

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
static int copy_stream(struct lb_install_work *r)
{
	static uint8_t held[LB_FWTOOL_TAIL_BYTES];
	const size_t piece = r->write->ring.piece_bytes;
	size_t held_len = 0, n;
	bool ended = false;

	while (!ended) {
		uint8_t *room = lb_write_room(r->write);
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
			lb_install_end_stream(r);
			lb_write_length(r->write, r->payload_bytes);
		}
		put(r, room, n);
	}
	if (held_len > 0) {
		uint8_t *room = lb_write_room(r->write);

		if (!room)
			return 0;
		memcpy(room, held, held_len);
		put(r, room, held_len);
	}
	return 0;
}

static void unpacked(void *ctx, const uint8_t *data, size_t n)
{
	struct lb_install_work *r = ctx;
	const size_t piece = r->write->ring.piece_bytes;

	for (size_t at = 0, use; at < n; at += use) {
		if (!r->room)
			r->room = lb_write_room(r->write);
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

static int copy_packed(struct lb_install_work *r, enum lb_image_kind kind)
{
	static struct lb_unpack unpack;
	static uint8_t buf[PACKED_PIECE];
	ssize_t n;
	int rc;

	if (lb_unpack_open(&unpack, kind, unpacked, r) < 0)
		return lb_install_ends_as(r, LB_INSTALL_BROKEN, LB_INSTALL_WHY_MEMORY);
	r->room = NULL;
	r->room_used = 0;
	while ((n = read_source(r, buf, sizeof(buf))) > 0)
		lb_unpack_feed(&unpack, buf, (size_t)n);
	rc = lb_unpack_end(&unpack);
	lb_unpack_close(&unpack);
	if (r->room)
		put(r, r->room, r->room_used);
	if (n == 0)
		lb_install_end_stream(r);
	/* It was whole when it was verified. What streams is verified only now. */
	if (n == 0 && rc < 0 && !r->streams)
		return lb_install_ends_as(r, LB_INSTALL_BROKEN,
					  rc == LB_E(NOSPC) ? LB_INSTALL_WHY_MEMORY
							    : LB_INSTALL_WHY_CHANGED);
	return (int)n;
}

/* Up to the end of the member: what was there was looked at when it was verified. */
static int copy_member(struct lb_install_work *r)
{
	const struct lb_scan_place *p = &r->ask->verified->scan.file.part[r->part];
	const uint64_t end = p->at_bytes + p->size_bytes;
	static uint8_t buf[PACKED_PIECE];
	ssize_t n = 0;

	r->room = NULL;
	r->room_used = 0;
	for (uint64_t at = 0; at < end && (n = read_source(r, buf, sizeof(buf))) > 0;
	     at += (uint64_t)n) {
		const uint64_t from = at > p->at_bytes ? at : p->at_bytes;
		const uint64_t to = at + (uint64_t)n < end ? at + (uint64_t)n : end;

		if (from < to)
			unpacked(r, buf + (from - at), (size_t)(to - from));
	}
	if (r->room)
		put(r, r->room, r->room_used);
	return n < 0 ? (int)n : 0;
}

int lb_install_copy(struct lb_install_work *r)
{
	const struct lb_scan *scan = &r->ask->verified->scan;
	const enum lb_image_kind packed = r->streams	 ? r->peek->packed
					  : scan->packed ? scan->file.image.kind
							 : LB_IMAGE_NONE;

	lb_sha256_begin(&r->source_hash);
	lb_sha256_begin(&r->masked_hash);
	if (lb_install_is_archive(r))
		return copy_member(r);
	if (packed != LB_IMAGE_NONE)
		return copy_packed(r, packed);
	return r->streams ? copy_stream(r) : copy_plain(r);
}

/* What is read back there is not what was verified: the second reading is compared by itself. */
bool lb_install_is_same(struct lb_install_work *r)
{
	uint8_t hash[LB_SHA256_SIZE];

	if (!r->by_itself)
		return true;
	lb_sha256_end(&r->masked_hash, r->masked_sha256);
	lb_sha256_end(&r->source_hash, hash);
	return r->streams || memcmp(hash, r->ask->verified->scan.sha256, sizeof(hash)) == 0;
}
