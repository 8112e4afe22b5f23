#include "plan/record.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"

#define VERSION_MAJOR	 1 /* another layout: older software must not touch the payload */
#define VERSION_MINOR	 5 /* fields were added: older software skips them */

#define MAGIC		 "LBRECORD"
#define MAGIC_BYTES	 8
#define CRC_OFF_BYTES	 24
#define HEADER_BYTES	 28
#define TLV_HEAD_BYTES	 4
#define LINE_BYTES	 200 /* a decision and its reason take half of that */

#define SIZE_OF(field)	 sizeof(((struct lb_record *)0)->field)
#define SAME_TYPE(field) __typeof__(((struct lb_record *)0)->field)

enum {
	WIDEST_PAYLOAD = 0
#define RECORD_INT(tag, field, bytes, help)	    +TLV_HEAD_BYTES + (bytes)
#define RECORD_BLOB(tag, field, length_field, help) +TLV_HEAD_BYTES + SIZE_OF(field)
#define RECORD_TEXT				    RECORD_BLOB
#include "tables/record.def"
#undef RECORD_INT
#undef RECORD_BLOB
#undef RECORD_TEXT
};

_Static_assert(HEADER_BYTES + WIDEST_PAYLOAD <= LB_RECORD_BYTES, "a full record fits in one copy");

const char *lb_rescue_outcome_name(unsigned outcome)
{
	static const char *const names[] = {[LB_RESCUE_NONE] = "",
					    [LB_RESCUE_BEGUN] = "begun",
					    [LB_RESCUE_DONE] = "done",
					    [LB_RESCUE_FAILED] = "failed"};

	return outcome < sizeof(names) / sizeof(names[0]) ? names[outcome] : "";
}

struct header {
	uint16_t major;
	uint64_t seq;
	struct lb_rd payload;
};

static uint32_t crc_of(const uint8_t *copy)
{
	uint32_t crc = lb_crc32(0, copy, CRC_OFF_BYTES);

	return lb_crc32(crc, copy + HEADER_BYTES, LB_RECORD_BYTES - HEADER_BYTES);
}

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

static bool is_log(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_printable(text[i]) && text[i] != '\n')
			return false;
	return n == 0 || text[n - 1] == '\n';
}

static int check(const struct lb_record *r)
{
#define RECORD_INT(tag, field, bytes, help)
#define RECORD_BLOB(tag, field, length_field, help) \
	if (r->length_field > sizeof(r->field))     \
		return LB_E(RANGE);
#define RECORD_TEXT(tag, field, length_field, help)                                   \
	if (r->length_field > sizeof(r->field) || !is_log(r->field, r->length_field)) \
		return LB_E(RANGE);
#include "tables/record.def"
#undef RECORD_INT
#undef RECORD_BLOB
#undef RECORD_TEXT
	return 0;
}

static void put_fields(struct lb_wr *w, const struct lb_record *r)
{
#define RECORD_INT(tag, field, bytes, help) \
	lb_wr_be(w, tag, 2);                \
	lb_wr_be(w, bytes, 2);              \
	lb_wr_be(w, r->field, bytes);
#define RECORD_BLOB(tag, field, length_field, help) \
	lb_wr_be(w, tag, 2);                        \
	lb_wr_be(w, r->length_field, 2);            \
	lb_wr_bytes(w, r->field, r->length_field);
#define RECORD_TEXT RECORD_BLOB
#include "tables/record.def"
#undef RECORD_INT
#undef RECORD_BLOB
#undef RECORD_TEXT
}

int lb_record_encode(const struct lb_record *r, uint8_t out[LB_RECORD_BYTES])
{
	struct lb_wr head = lb_wr_init(out, HEADER_BYTES);
	struct lb_wr payload = lb_wr_init(out + HEADER_BYTES, LB_RECORD_BYTES - HEADER_BYTES);
	int rc = check(r);

	if (rc < 0)
		return rc;
	memset(out, 0, LB_RECORD_BYTES);
	put_fields(&payload, r);
	lb_wr_bytes(&head, MAGIC, MAGIC_BYTES);
	lb_wr_be(&head, VERSION_MAJOR, 2);
	lb_wr_be(&head, VERSION_MINOR, 2);
	lb_wr_be(&head, r->seq, 8);
	lb_wr_be(&head, lb_wr_used(&payload), 4);
	lb_wr_be(&head, crc_of(out), 4);
	return 0;
}

/* The first 28 bytes mean the same in every version, so that a CRC can always be judged. */
static int read_header(struct header *out, const void *buf, size_t n)
{
	struct lb_rd r = lb_rd_init(buf, n);
	struct header h;
	const uint8_t *magic;
	uint32_t payload_bytes, crc;

	if (n != LB_RECORD_BYTES)
		return n < LB_RECORD_BYTES ? LB_E(TRUNC) : LB_E(RANGE);
	magic = lb_rd_take(&r, MAGIC_BYTES);
	if (!magic || memcmp(magic, MAGIC, MAGIC_BYTES) != 0)
		return LB_E(FORMAT);
	h.major = lb_rd_be16(&r);
	(void)lb_rd_be16(&r); /* minor: what it adds is skipped */
	h.seq = lb_rd_be(&r, 8);
	payload_bytes = lb_rd_be32(&r);
	crc = lb_rd_be32(&r);
	if (crc != crc_of(buf))
		return LB_E(CRC);
	h.payload = lb_rd_sub(&r, payload_bytes);
	if (h.payload.bad)
		return LB_E(FORMAT);
	*out = h;
	return 0;
}

static int read_field(struct lb_record *out, unsigned tag, struct lb_rd *value)
{
	const size_t n = lb_rd_left(value);
	const uint8_t *bytes = value->p;

	switch (tag) {
#define RECORD_INT(tag_, field, width, help)                               \
	case tag_:                                                         \
		if (n != (width))                                          \
			return LB_E(FORMAT);                               \
		if (out)                                                   \
			out->field = (SAME_TYPE(field))lb_rd_be(value, n); \
		return 0;
#define RECORD_BLOB(tag_, field, length_field, help)  \
	case tag_:                                    \
		if (n > SIZE_OF(field))               \
			return LB_E(FORMAT);          \
		if (out) {                            \
			memcpy(out->field, bytes, n); \
			out->length_field = n;        \
		}                                     \
		return 0;
#define RECORD_TEXT(tag_, field, length_field, help)                       \
	case tag_:                                                         \
		if (n > SIZE_OF(field) || !is_log((const char *)bytes, n)) \
			return LB_E(FORMAT);                               \
		if (out) {                                                 \
			memcpy(out->field, bytes, n);                      \
			out->length_field = n;                             \
		}                                                          \
		return 0;
#include "tables/record.def"
#undef RECORD_INT
#undef RECORD_BLOB
#undef RECORD_TEXT
	default: /* a newer minor version's field */
		return 0;
	}
}

/* With `out` NULL a rehearsal: nothing is written before all of it is known to be right. */
static int read_fields(struct lb_record *out, struct lb_rd payload)
{
	unsigned last_tag = 0;

	while (lb_rd_left(&payload) > 0) {
		unsigned tag = lb_rd_be16(&payload);
		struct lb_rd value = lb_rd_sub(&payload, lb_rd_be16(&payload));
		int rc;

		if (value.bad || tag <= last_tag)
			return LB_E(FORMAT);
		rc = read_field(out, tag, &value);
		if (rc < 0)
			return rc;
		last_tag = tag;
	}
	return 0;
}

static int read_payload(struct lb_record *out, const struct header *h)
{
	return h->major == VERSION_MAJOR ? read_fields(out, h->payload) : LB_E(UNSUP);
}

int lb_record_check(uint64_t *seq, const void *buf, size_t n)
{
	struct header h;
	int rc = read_header(&h, buf, n);

	if (rc < 0)
		return rc;
	*seq = h.seq;
	return read_payload(NULL, &h) == 0;
}

int lb_record_decode(struct lb_record *out, const void *buf, size_t n)
{
	struct header h;
	int rc = read_header(&h, buf, n);

	if (rc == 0)
		rc = read_payload(NULL, &h);
	if (rc < 0)
		return rc;
	memset(out, 0, sizeof(*out));
	out->seq = h.seq;
	return read_payload(out, &h);
}

void lb_record_ask_reflash(struct lb_record *r)
{
	if (r->reflash != LB_RECORD_REFLASH_BEGUN)
		r->reflash = LB_RECORD_REFLASH_ASKED;
}

void lb_record_enter_slot(struct lb_record *r, unsigned slot)
{
	if (r->owner_slot >= LB_SLOTS_MAX)
		r->owner_slot = 0;
	if (r->owner_slot == slot)
		return;
	r->aside[r->owner_slot].overlay = r->overlay;
	r->aside[r->owner_slot].reflash = r->reflash;
	r->overlay = r->aside[slot].overlay;
	r->reflash = r->aside[slot].reflash;
	r->owner_slot = (uint8_t)slot;
}

void lb_record_renew_slot(struct lb_record *r, unsigned slot)
{
	const unsigned owner = r->owner_slot < LB_SLOTS_MAX ? r->owner_slot : 0;

	lb_record_enter_slot(r, slot);
	r->overlay = LB_RECORD_OVERLAY_NEW;
	r->reflash = LB_RECORD_REFLASH_NONE;
	lb_record_enter_slot(r, owner);
}

static void drop_oldest_line(struct lb_record *r)
{
	const char *end = memchr(r->log, '\n', r->log_len);
	const size_t n = end ? (size_t)(end - r->log) + 1 : r->log_len;

	memmove(r->log, r->log + n, r->log_len - n);
	r->log_len -= n;
}

void lb_record_log(struct lb_record *r, const char *line)
{
	const size_t n = strnlen(line, LINE_BYTES);

	while (r->log_len + n + 1 > sizeof(r->log))
		drop_oldest_line(r);
	for (size_t i = 0; i < n; i++)
		r->log[r->log_len++] = is_printable(line[i]) ? line[i] : '?';
	r->log[r->log_len++] = '\n';
}

const char *lb_record_tail(const struct lb_record *r, size_t line_count)
{
	const char *start = r->log + r->log_len;

	while (start > r->log && line_count > 0) {
		const char *newline = memrchr(r->log, '\n', (size_t)(start - 1 - r->log));

		start = newline ? newline + 1 : r->log;
		line_count--;
	}
	return start;
}
