#include "image/ucert.h"

#include <string.h>

#include "base/bytes.h"

#define BLOB_HEADER    4u
#define EXTENDED       0x80
#define SIGNATURE_ATTR 0
#define PAYLOAD_ATTR   1
#define TYPE_TABLE     2 /* of blobmsg */
#define TYPE_STRING    3
#define TYPE_INT64     4
#define TYPE_INT32     5
#define CERT_GRANTS    1
#define CERT_REVOKES   2

struct blob {
	bool extended;
	unsigned id;
	struct lb_rd data;
};

static void skip_padding(struct lb_rd *r, size_t n)
{
	const size_t padding = (4 - n % 4) % 4;

	/* The last one of a container may come without. */
	if (lb_rd_left(r) > 0)
		(void)lb_rd_take(r, padding);
}

static int take_blob(struct blob *out, struct lb_rd *r)
{
	const uint32_t head = lb_rd_be32(r);
	const uint32_t n = head & 0xFFFFFF;

	if (r->bad || n < BLOB_HEADER)
		return LB_E(FORMAT);
	out->extended = (head >> 24 & EXTENDED) != 0;
	out->id = head >> 24 & 0x7F;
	out->data = lb_rd_sub(r, n - BLOB_HEADER);
	if (out->data.bad)
		return LB_E(FORMAT);
	skip_padding(r, n);
	return r->bad ? LB_E(FORMAT) : 0;
}

struct named {
	unsigned type;
	const char *name;
	struct lb_rd data;
};

static int take_named(struct named *out, struct lb_rd *r)
{
	struct blob b;
	const uint8_t *name;
	uint16_t n;

	if (take_blob(&b, r) < 0 || !b.extended)
		return LB_E(FORMAT);
	n = lb_rd_be16(&b.data);
	name = lb_rd_take(&b.data, n + 1u);
	if (!name || name[n] != '\0' || memchr(name, '\0', n))
		return LB_E(FORMAT);
	(void)lb_rd_take(&b.data, (4 - (sizeof(n) + n + 1) % 4) % 4);
	if (b.data.bad)
		return LB_E(FORMAT);
	*out = (struct named){.type = b.id, .name = (const char *)name, .data = b.data};
	return 0;
}

/* A string's bytes without the NULs behind it. */
static const uint8_t *text_of(struct lb_rd data, size_t *len)
{
	*len = lb_rd_left(&data);
	const uint8_t *text = lb_rd_take(&data, *len);

	while (*len > 0 && text[*len - 1] == '\0')
		--*len;
	return text;
}

/* What of a certificate has been seen. */
struct fields {
	bool type, from, until, key, id;
	uint64_t kind;
};

/* Twice the same would leave open which one counts. */
static int take_number(uint64_t *out, bool *seen, const struct named *v)
{
	struct lb_rd data = v->data;
	const size_t width = v->type == TYPE_INT64 ? 8 : 4;

	if (*seen || (v->type != TYPE_INT64 && v->type != TYPE_INT32) || lb_rd_left(&data) != width)
		return LB_E(FORMAT);
	*seen = true;
	*out = lb_rd_be(&data, width);
	return 0;
}

static int take_time(int64_t *out, bool *seen, const struct named *v)
{
	uint64_t number;
	int rc = take_number(&number, seen, v);

	if (rc == 0 && number > INT64_MAX)
		rc = LB_E(FORMAT);
	if (rc == 0)
		*out = (int64_t)number;
	return rc;
}

static int take_key(struct lb_ucert *out, bool *seen, const struct named *v)
{
	size_t len;
	const uint8_t *text = text_of(v->data, &len);

	if (*seen || v->type != TYPE_STRING)
		return LB_E(FORMAT);
	*seen = true;
	return lb_usign_key_parse(&out->key, text, len);
}

static int take_id(struct lb_ucert *out, bool *seen, const struct named *v)
{
	size_t len;
	const uint8_t *text = text_of(v->data, &len);

	if (*seen || v->type != TYPE_STRING || len != sizeof(out->id) - 1)
		return LB_E(FORMAT);
	*seen = true;
	memcpy(out->id, text, len);
	return strspn(out->id, "0123456789abcdef") == len ? 0 : LB_E(FORMAT);
}

static int take_field(struct lb_ucert *out, struct fields *seen, const struct named *v)
{
	if (strcmp(v->name, "certtype") == 0)
		return take_number(&seen->kind, &seen->type, v);
	if (strcmp(v->name, "validfrom") == 0)
		return take_time(&out->from_s, &seen->from, v);
	if (strcmp(v->name, "expiresat") == 0)
		return take_time(&out->until_s, &seen->until, v);
	if (strcmp(v->name, "pubkey") == 0)
		return take_key(out, &seen->key, v);
	if (strcmp(v->name, "fingerprint") == 0)
		return take_id(out, &seen->id, v);
	return 0;
}

static int check_fields(struct lb_ucert *out, const struct fields *seen)
{
	if (!seen->type)
		return LB_E(FORMAT);
	if (seen->kind != CERT_GRANTS && seen->kind != CERT_REVOKES)
		return LB_E(UNSUP);
	out->revokes = seen->kind == CERT_REVOKES;
	if (!out->revokes && !(seen->from && seen->until && seen->key))
		return LB_E(FORMAT);
	if (!seen->key && !seen->id)
		return LB_E(FORMAT);
	if (seen->key && seen->id && strcmp(out->id, out->key.id) != 0)
		return LB_E(FORMAT);
	if (seen->key)
		memcpy(out->id, out->key.id, sizeof(out->id));
	return 0;
}

static int parse_payload(struct lb_ucert *out, struct lb_rd r)
{
	struct fields seen = {0};
	struct named table;

	if (take_named(&table, &r) < 0 || table.type != TYPE_TABLE ||
	    strcmp(table.name, "ucert") != 0 || lb_rd_left(&r) > 0)
		return LB_E(FORMAT);
	while (lb_rd_left(&table.data) > 0) {
		struct named v;
		int rc = take_named(&v, &table.data);

		if (rc == 0)
			rc = take_field(out, &seen, &v);
		if (rc < 0)
			return rc;
	}
	return check_fields(out, &seen);
}

/* `has_payload` is false of the last one, which is over the image. */
static int parse_container(struct lb_ucert *out, bool *has_payload, struct lb_rd r)
{
	bool has_signature = false;

	*has_payload = false;
	while (lb_rd_left(&r) > 0) {
		struct blob b;
		size_t len;
		const uint8_t *text;
		int rc = take_blob(&b, &r);

		if (rc < 0 || b.extended)
			return LB_E(FORMAT);
		if (b.id == SIGNATURE_ATTR && !has_signature) {
			text = text_of(b.data, &len);
			has_signature = true;
			rc = lb_usign_signature_parse(&out->signature, text, len);
		} else if (b.id == PAYLOAD_ATTR && !*has_payload) {
			*has_payload = true;
			out->payload = b.data.p;
			out->payload_len = lb_rd_left(&b.data);
			rc = parse_payload(out, b.data);
		} else {
			rc = LB_E(FORMAT);
		}
		if (rc < 0)
			return rc;
	}
	return has_signature ? 0 : LB_E(FORMAT);
}

int lb_ucert_parse(struct lb_ucert_chain *out, const void *buf, size_t n)
{
	struct lb_rd r = lb_rd_init(buf, n);
	struct lb_ucert_chain chain = {0};

	for (;;) {
		struct lb_ucert cert = {0};
		struct blob container;
		bool has_payload = false;
		int rc = take_blob(&container, &r);

		if (rc == 0)
			rc = container.extended
				     ? LB_E(FORMAT)
				     : parse_container(&cert, &has_payload, container.data);
		if (rc < 0)
			return rc;
		if (!has_payload) {
			chain.image = cert.signature;
			break;
		}
		if (chain.count == LB_UCERT_MAX)
			return LB_E(RANGE);
		chain.cert[chain.count++] = cert;
	}
	if (lb_rd_left(&r) > 0)
		return LB_E(FORMAT);
	*out = chain;
	return 0;
}

enum lb_ucert_age lb_ucert_age(const struct lb_ucert *c, int64_t now_s)
{
	if (now_s < c->from_s)
		return LB_UCERT_CLOCK_BEHIND;
	return now_s > c->until_s ? LB_UCERT_EXPIRED : LB_UCERT_VALID;
}
