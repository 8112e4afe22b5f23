/* Keys and signatures of usign, made with Python's base64. Sizes: OpenWrt's usign. */
#include "tests/t.h"

#include <stdio.h>

#include "image/usign.h"
#include "tests/unit/image_bytes.h"

#define COMMENT "untrusted comment: "
/* "Ed", the id a0 to a7, bytes 0 to 31 or 63 */
#define KEY "RWSgoaKjpKWmpwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define SIGNED \
	"RWSgoaKjpKWmpwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define SECRET \
	"RWRCSwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define OTHER "UlOgoaKjpKWmpwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

static int parse_key(struct lb_usign_key *out, const char *text)
{
	void *copy = exactly(text, strlen(text));
	int rc = lb_usign_key_parse(out, copy, strlen(text));

	free(copy);
	return rc;
}

static int parse_signature(struct lb_usign_signature *out, const char *text)
{
	void *copy = exactly(text, strlen(text));
	int rc = lb_usign_signature_parse(out, copy, strlen(text));

	free(copy);
	return rc;
}

static void assert_bytes_from_0(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(p[i], i);
}

static void key__as_usign_writes_it__has_id_key_and_comment(void **state)
{
	struct lb_usign_key key;

	assert_int_equal(parse_key(&key, COMMENT "build \x1b key\n" KEY "\n"), 0);
	assert_string_equal(key.id, "a0a1a2a3a4a5a6a7");
	assert_string_equal(key.comment, "build ? key");
	assert_bytes_from_0(key.key, 32);
	assert_int_equal(parse_key(&key, COMMENT "\r\n" KEY "\r\n"), 0);
	assert_string_equal(key.comment, "");
	assert_int_equal(parse_key(&key, COMMENT "x\n" KEY), 0);
}

static void signature__as_usign_writes_it__has_id_and_signature(void **state)
{
	struct lb_usign_signature s;

	assert_int_equal(parse_signature(&s, COMMENT "signed by key a0a1\n" SIGNED "\n"), 0);
	assert_string_equal(s.id, "a0a1a2a3a4a5a6a7");
	assert_bytes_from_0(s.signature, 64);
}

static void one_in_place_of_the_other__is_refused(void **state)
{
	struct lb_usign_key key;
	struct lb_usign_signature s;

	assert_int_equal(parse_key(&key, COMMENT "x\n" SIGNED "\n"), LB_E(FORMAT));
	assert_int_equal(parse_signature(&s, COMMENT "x\n" KEY "\n"), LB_E(FORMAT));
	assert_int_equal(parse_key(&key, COMMENT "x\n" SECRET "\n"), LB_E(UNSUP));
	assert_int_equal(parse_signature(&s, COMMENT "x\n" SECRET "\n"), LB_E(UNSUP));
	assert_int_equal(parse_key(&key, COMMENT "x\n" OTHER "\n"), LB_E(UNSUP));
}

static void text_that_is_none__is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"\n",
		KEY "\n",
		"trusted comment: x\n" KEY "\n",
		COMMENT "x\n",
		COMMENT "x",
		COMMENT "x\n\n" KEY "\n",
		COMMENT "x\n" KEY "=\n",
		COMMENT "x\n" KEY "AAAA\n",
		COMMENT "x\n RWSg\n",
		COMMENT "x\nRW*g\n",
		COMMENT "x\n====\n",
	};
	struct lb_usign_key key = {.comment = "before"};
	char longest[LB_USIGN_TEXT_MAX + 100] = COMMENT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(parse_key(&key, rows[i]), LB_E(FORMAT));
	memset(longest + strlen(COMMENT), 'x', LB_USIGN_TEXT_MAX);
	(void)snprintf(longest + LB_USIGN_TEXT_MAX, 100, "\n" KEY "\n");
	assert_int_equal(parse_key(&key, longest), LB_E(FORMAT));
	assert_string_equal(key.comment, "before");
}

static void base64__stray_bits_at_the_end__are_refused(void **state)
{
	char text[] = COMMENT "x\n" SIGNED "\n";
	struct lb_usign_signature s;
	char *last = strchr(strchr(text, '\n'), '=') - 1;

	assert_int_equal(parse_signature(&s, text), 0);
	*last = (char)(*last + 1);
	assert_int_equal(parse_signature(&s, text), LB_E(FORMAT));
}

static void every_truncation__is_refused(void **state)
{
	static const char text[] = COMMENT "x\n" SIGNED;
	struct lb_usign_signature s;

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		void *copy = exactly(text, n);

		assert_true(lb_usign_signature_parse(&s, copy, n) < 0);
		free(copy);
	}
}

TESTS(unit(key__as_usign_writes_it__has_id_key_and_comment),
      unit(signature__as_usign_writes_it__has_id_and_signature),
      unit(one_in_place_of_the_other__is_refused), unit(text_that_is_none__is_refused),
      unit(base64__stray_bits_at_the_end__are_refused), unit(every_truncation__is_refused))
