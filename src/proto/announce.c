#include "proto/announce.h"

#include <string.h>

#include "base/bytes.h"

#define MAGIC		    0x4C42414Eu /* "LBAN" */
#define HEADER_BYTES	    5
#define TLV_BYTES	    2

#define SIZE_CODE(member)   1
#define SIZE_NUMBER(member) 4
#define SIZE_TEXT(member)   (sizeof(((struct lb_announce *)0)->member) - 1)

#define FIELD(id, tag, kind, member, absent, help)                               \
	_Static_assert((tag) < 32, "a tag is a bit of the mask of fields seen"); \
	_Static_assert(SIZE_##kind(member) <= UINT8_MAX, "the length of a field is a byte");
#include "tables/announce.def"
#undef FIELD

#define FIELD(id, tag, kind, member, absent, help) +TLV_BYTES + SIZE_##kind(member)
_Static_assert(HEADER_BYTES
#include "tables/announce.def"
			       + TLV_BYTES <=
		       LB_ANNOUNCE_BYTES_MAX,
	       "every announcement fits into the datagram");
#undef FIELD

#define NEEDED_CODE				   1u
#define NEEDED_NUMBER				   0u
#define NEEDED_TEXT				   0u
#define FIELD(id, tag, kind, member, absent, help) | NEEDED_##kind << (tag)
static const uint32_t needed = 0
#include "tables/announce.def"
	;
#undef FIELD

#define FIELD(id, tag, kind, member, absent, help) | 1u << (tag)
static const uint32_t known = 1u << LB_ANNOUNCE_TAG_END
#include "tables/announce.def"
	;
#undef FIELD

void lb_announce_init(struct lb_announce *out)
{
#define INIT_CODE(member, absent)   out->member = (absent)
#define INIT_NUMBER(member, absent) out->member = (absent)
#define INIT_TEXT(member, absent)   out->member[0] = '\0'
	memset(out, 0, sizeof(*out));
#define FIELD(id, tag, kind, member, absent, help) INIT_##kind(member, absent);
#include "tables/announce.def"
#undef FIELD
}

static void put_code(struct lb_wr *w, uint8_t tag, uint8_t code)
{
	lb_wr_be(w, tag, 1);
	lb_wr_be(w, 1, 1);
	lb_wr_be(w, code, 1);
}

static void put_number(struct lb_wr *w, uint8_t tag, uint32_t number, uint32_t absent)
{
	if (number == absent)
		return;
	lb_wr_be(w, tag, 1);
	lb_wr_be(w, 4, 1);
	lb_wr_be(w, number, 4);
}

static void put_text(struct lb_wr *w, uint8_t tag, const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	w->bad = w->bad || len == size;
	if (len == 0)
		return;
	lb_wr_be(w, tag, 1);
	lb_wr_be(w, len, 1);
	lb_wr_bytes(w, text, len);
}

int lb_announce_encode(uint8_t out[LB_ANNOUNCE_BYTES_MAX], const struct lb_announce *a)
{
	uint8_t buf[LB_ANNOUNCE_BYTES_MAX];
	struct lb_wr w = lb_wr_init(buf, sizeof(buf));

	lb_wr_be(&w, MAGIC, 4);
	lb_wr_be(&w, LB_ANNOUNCE_VERSION, 1);
#define PUT_CODE(tag, member, absent)		   put_code(&w, tag, a->member)
#define PUT_NUMBER(tag, member, absent)		   put_number(&w, tag, a->member, absent)
#define PUT_TEXT(tag, member, absent)		   put_text(&w, tag, a->member, sizeof(a->member))
#define FIELD(id, tag, kind, member, absent, help) PUT_##kind(tag, member, absent);
#include "tables/announce.def"
#undef FIELD
	lb_wr_be(&w, LB_ANNOUNCE_TAG_END, 1);
	lb_wr_be(&w, 0, 1);
	if (w.bad)
		return LB_E(RANGE);
	memcpy(out, buf, lb_wr_used(&w));
	return (int)lb_wr_used(&w);
}

/* 0, also for an unknown tag; LB_E(RANGE) when the value is not of the size that its tag has. */
static int get_value(struct lb_announce *a, uint8_t tag, struct lb_rd *value)
{
	switch (tag) {
	case LB_ANNOUNCE_TAG_END:
		break;
#define GET_CODE(member)   a->member = lb_rd_u8(value)
#define GET_NUMBER(member) a->member = lb_rd_be32(value)
#define GET_TEXT(member)   lb_rd_str(value, a->member, sizeof(a->member))
#define FIELD(id, tag_, kind, member, absent, help) \
	case tag_:                                  \
		GET_##kind(member);                 \
		break;
#include "tables/announce.def"
#undef FIELD
	default:
		return 0;
	}
	return value->bad || lb_rd_left(value) > 0 ? LB_E(RANGE) : 0;
}

static int get_fields(struct lb_announce *a, struct lb_rd *r)
{
	uint32_t seen = 0;

	/* Without the end marker an announcement cut between two fields would look whole. */
	while (!(seen & 1u << LB_ANNOUNCE_TAG_END)) {
		uint8_t tag = lb_rd_u8(r);
		uint8_t len = lb_rd_u8(r);
		struct lb_rd value = lb_rd_sub(r, len);
		uint32_t bit = tag < 32 ? (1u << tag) & known : 0;
		int err;

		if (r->bad)
			return LB_E(TRUNC);
		if (seen & bit)
			return LB_E(FORMAT);
		seen |= bit;
		err = get_value(a, tag, &value);
		if (err < 0)
			return err;
	}
	return (seen & needed) == needed && lb_rd_left(r) == 0 ? 0 : LB_E(FORMAT);
}

int lb_announce_decode(struct lb_announce *out, const void *buf, size_t n)
{
	struct lb_rd r = lb_rd_init(buf, n);
	struct lb_announce a;
	uint32_t magic = lb_rd_be32(&r);
	uint8_t version = lb_rd_u8(&r);
	int err;

	if (r.bad)
		return LB_E(TRUNC);
	if (magic != MAGIC)
		return LB_E(FORMAT);
	if (version != LB_ANNOUNCE_VERSION)
		return LB_E(UNSUP);
	if (n > LB_ANNOUNCE_BYTES_MAX)
		return LB_E(RANGE);
	lb_announce_init(&a);
	err = get_fields(&a, &r);
	if (err == 0)
		*out = a;
	return err;
}
