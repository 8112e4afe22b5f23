/* Certificate chains of OpenWrt. Layout: OpenWrt's usign and ucert, and libubox's blobs. */
#include "tests/t.h"

#include <stdio.h>

#include "image/ucert.h"
#include "tests/unit/image_bytes.h"

#define COMMENT "untrusted comment: x\n"
/* "Ed", the id a0 to a7, bytes from 0 */
#define KEY_A "RWSgoaKjpKWmpwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
#define SIGNED_A \
	"RWSgoaKjpKWmpwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"
#define ID_A "a0a1a2a3a4a5a6a7"

enum {
	TABLE = 2,
	STRING = 3,
	INT64 = 4,
	INT32 = 5
};

static uint8_t payload[2000], chain[20000];
static size_t payload_len, used;
static struct lb_ucert_chain parsed;

static size_t padded(size_t n)
{
	return (n + 3) / 4 * 4;
}

/* Header and data; returns how much. */
static size_t put_blob(uint8_t *p, unsigned id, bool extended, const void *data, size_t n)
{
	memset(p, 0, padded(4 + n));
	put_be(p, (extended ? 0x80000000u : 0) | id << 24 | (4 + n), 4);
	memcpy(p + 4, data, n);
	return padded(4 + n);
}

static size_t put_named(uint8_t *p, unsigned type, const char *name, const void *data, size_t n)
{
	const size_t head = padded(2 + strlen(name) + 1);
	uint8_t body[1600] = {0};

	put_be(body, strlen(name), 2);
	memcpy(body + 2, name, strlen(name));
	memcpy(body + head, data, n);
	return put_blob(p, type, true, body, head + n);
}

static size_t put_number(uint8_t *p, unsigned type, const char *name, uint64_t v)
{
	uint8_t data[8];
	const size_t width = type == INT64 ? 8 : 4;

	put_be(data, v, width);
	return put_named(p, type, name, data, width);
}

/* What a payload is made of; NULL, -1: is not there. */
struct values {
	int type;
	int64_t from, until;
	const char *key, *id;
};

static const struct values good = {
	.type = 1, .from = 1000, .until = 2000, .key = COMMENT KEY_A, .id = NULL};

static void make_payload(const struct values *v)
{
	uint8_t body[1500];
	size_t n = 0;

	if (v->type >= 0)
		n += put_number(body + n, INT32, "certtype", (uint64_t)v->type);
	if (v->from >= 0)
		n += put_number(body + n, INT64, "validfrom", (uint64_t)v->from);
	if (v->until >= 0)
		n += put_number(body + n, INT64, "expiresat", (uint64_t)v->until);
	if (v->key)
		n += put_named(body + n, STRING, "pubkey", v->key, strlen(v->key) + 1);
	if (v->id)
		n += put_named(body + n, STRING, "fingerprint", v->id, strlen(v->id) + 1);
	n += put_named(body + n, STRING, "something", "new", 4);
	payload_len = put_named(payload, TABLE, "ucert", body, n);
}

static void add_container(bool with_payload)
{
	uint8_t body[3000];
	size_t n = put_blob(body, 0, false, COMMENT SIGNED_A, strlen(COMMENT SIGNED_A));

	if (with_payload)
		n += put_blob(body + n, 1, false, payload, payload_len);
	used += put_blob(chain + used, 0, false, body, n);
}

static void make_chain(size_t certs)
{
	used = 0;
	for (size_t i = 0; i < certs; i++)
		add_container(true);
	add_container(false);
}

static int parse(const uint8_t *p, size_t n)
{
	void *copy = exactly(p, n);
	int rc = lb_ucert_parse(&parsed, copy, n);

	free(copy);
	return rc;
}

static void chain__of_one_certificate__has_all_its_values(void **state)
{
	make_payload(&good);
	make_chain(1);
	assert_int_equal(lb_ucert_parse(&parsed, chain, used), 0);
	assert_int_equal(parsed.count, 1);
	assert_false(parsed.cert[0].revokes);
	assert_int_equal(parsed.cert[0].from_s, 1000);
	assert_int_equal(parsed.cert[0].until_s, 2000);
	assert_string_equal(parsed.cert[0].id, ID_A);
	assert_string_equal(parsed.cert[0].key.id, ID_A);
	assert_string_equal(parsed.cert[0].signature.id, ID_A);
	assert_string_equal(parsed.image.id, ID_A);
	assert_int_equal(parsed.image.signature[63], 63);
	assert_int_equal(parsed.cert[0].payload_len, payload_len);
	assert_memory_equal(parsed.cert[0].payload, payload, payload_len);
}

static void chain__of_any_length__up_to_the_limit(void **state)
{
	make_payload(&good);
	for (size_t n = 0; n <= LB_UCERT_MAX; n++) {
		make_chain(n);
		assert_int_equal(parse(chain, used), 0);
		assert_int_equal(parsed.count, n);
	}
	make_chain(LB_UCERT_MAX + 1);
	assert_int_equal(parse(chain, used), LB_E(RANGE));
}

static void certificate__each_combination__is_taken_or_not(void **state)
{
	static const struct {
		struct values v;
		int rc;
	} rows[] = {
		{{1, 0, 0, COMMENT KEY_A, ID_A}, 0},
		{{2, -1, -1, NULL, ID_A}, 0},
		{{2, -1, -1, COMMENT KEY_A, NULL}, 0},
		{{3, 0, 0, COMMENT KEY_A, NULL}, LB_E(UNSUP)},
		{{-1, 0, 0, COMMENT KEY_A, NULL}, LB_E(FORMAT)},
		{{1, -1, 0, COMMENT KEY_A, NULL}, LB_E(FORMAT)},
		{{1, 0, -1, COMMENT KEY_A, NULL}, LB_E(FORMAT)},
		{{1, 0, 0, NULL, ID_A}, LB_E(FORMAT)},
		{{2, -1, -1, NULL, NULL}, LB_E(FORMAT)},
		{{1, 0, 0, COMMENT KEY_A, "b0a1a2a3a4a5a6a7"}, LB_E(FORMAT)},
		{{2, -1, -1, NULL, "A0A1A2A3A4A5A6A7"}, LB_E(FORMAT)},
		{{2, -1, -1, NULL, "a0a1"}, LB_E(FORMAT)},
		{{1, 0, 0, "no key", NULL}, LB_E(FORMAT)},
		{{1, 0, INT64_MAX, COMMENT KEY_A, NULL}, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_payload(&rows[i].v);
		make_chain(1);
		assert_int_equal(parse(chain, used), rows[i].rc);
		if (rows[i].rc == 0)
			assert_int_equal(parsed.cert[0].revokes, rows[i].v.type == 2);
	}
}

/* Two answers to one question. */
static void certificate__value_twice__is_refused(void **state)
{
	uint8_t body[1500];
	size_t n;

	for (int which = 0; which < 2; which++) {
		make_payload(&good);
		n = payload_len - padded(2 + 5 + 1) - 4;
		memcpy(body, payload + payload_len - n, n);
		n += which ? put_number(body + n, INT64, "expiresat", 9999)
			   : put_number(body + n, INT32, "other", 1);
		payload_len = put_named(payload, TABLE, "ucert", body, n);
		make_chain(1);
		assert_int_equal(parse(chain, used), which ? LB_E(FORMAT) : 0);
	}
}

static void time__beyond_what_a_clock_can_say__is_refused(void **state)
{
	uint8_t body[1500];
	size_t n = put_number(body, INT64, "validfrom", UINT64_MAX);

	payload_len = put_named(payload, TABLE, "ucert", body, n);
	make_chain(1);
	assert_int_equal(parse(chain, used), LB_E(FORMAT));
}

static void chain__cut_anywhere__is_refused_untouched(void **state)
{
	make_payload(&good);
	make_chain(2);
	parsed.count = 77;
	for (size_t n = 0; n < used; n++)
		if (parse(chain, n) == 0)
			fail_msg("%zu of %zu bytes are a chain", n, used);
	assert_int_equal(parsed.count, 77);
	assert_int_equal(parse(chain, used + 4), LB_E(FORMAT));
}

static void chain__without_the_images_signature__is_refused(void **state)
{
	make_payload(&good);
	used = 0;
	add_container(true);
	assert_int_equal(parse(chain, used), LB_E(FORMAT));
}

static void age__by_a_clock_before_within_and_after__is_told(void **state)
{
	const struct lb_ucert c = {.from_s = 1000, .until_s = 2000};

	assert_int_equal(lb_ucert_age(&c, 0), LB_UCERT_CLOCK_BEHIND);
	assert_int_equal(lb_ucert_age(&c, 999), LB_UCERT_CLOCK_BEHIND);
	assert_int_equal(lb_ucert_age(&c, 1000), LB_UCERT_VALID);
	assert_int_equal(lb_ucert_age(&c, 2000), LB_UCERT_VALID);
	assert_int_equal(lb_ucert_age(&c, 2001), LB_UCERT_EXPIRED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chain__of_one_certificate__has_all_its_values),
		cmocka_unit_test(chain__of_any_length__up_to_the_limit),
		cmocka_unit_test(certificate__each_combination__is_taken_or_not),
		cmocka_unit_test(certificate__value_twice__is_refused),
		cmocka_unit_test(time__beyond_what_a_clock_can_say__is_refused),
		cmocka_unit_test(chain__cut_anywhere__is_refused_untouched),
		cmocka_unit_test(chain__without_the_images_signature__is_refused),
		cmocka_unit_test(age__by_a_clock_before_within_and_after__is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
