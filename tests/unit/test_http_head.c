#include "tests/t.h"

#include "plan/http_head.h"

static struct lb_http_head parse(const char *text)
{
	struct lb_http_head h;

	assert_int_equal(lb_http_head_parse(&h, text, strlen(text)), 0);
	return h;
}

static void head__of_a_whole_file__says_length_and_tag(void **state)
{
	struct lb_http_head h = parse("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n"
				      "Last-Modified: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
				      "ETag: \"5f-abc\"\r\n\r\n");

	assert_int_equal(h.status, 200);
	assert_int_equal(h.whole_bytes, 1234);
	assert_string_equal(h.validator, "\"5f-abc\"");
}

static void head__of_a_part__says_where_it_starts(void **state)
{
	struct lb_http_head h = parse("HTTP/2 206 \r\ncontent-length: 50\r\n"
				      "content-range: bytes 150-199/200\r\n\r\n");

	assert_int_equal(h.status, 206);
	assert_int_equal(h.start_bytes, 150);
	assert_int_equal(h.whole_bytes, 200);
	assert_string_equal(h.validator, "");
	h = parse("HTTP/2 206\r\ncontent-range: bytes 150-199/*\r\n\r\n");
	assert_int_equal(h.whole_bytes, 0);
}

static void head__weak_tag__is_not_taken(void **state)
{
	struct lb_http_head h = parse("HTTP/1.1 200 OK\nETag: W/\"5f\"\n"
				      "Last-Modified: Sat, 21 Nov 2026 12:00:00 GMT\n\n");

	assert_string_equal(h.validator, "Sat, 21 Nov 2026 12:00:00 GMT");
	assert_string_equal(parse("HTTP/1.1 200 OK\nETag: W/\"5f\"\n").validator, "");
}

static void head__behind_redirections__is_the_last_one(void **state)
{
	struct lb_http_head h = parse("HTTP/1.1 302 Found\r\nContent-Length: 7\r\n"
				      "ETag: \"old\"\r\nLocation: https://x/\r\n\r\n"
				      "HTTP/1.1 200 OK\r\n\r\n");

	assert_int_equal(h.status, 200);
	assert_int_equal(h.whole_bytes, 0);
	assert_string_equal(h.validator, "");
}

static void head__tag_that_is_too_long_or_unprintable__counts_as_none(void **state)
{
	char text[400] = "HTTP/1.1 200 OK\r\nETag: \"";

	memset(text + strlen(text), 'x', 200);
	strcat(text, "\"\r\n");
	assert_string_equal(parse(text).validator, "");
	assert_string_equal(parse("HTTP/1.1 200 OK\r\nETag: \"a\tb\"\r\n").validator, "");
}

static void head__no_answer__is_refused_and_leaves_the_output(void **state)
{
	static const char *const texts[] = {"", "\r\n", "HTTP/1.1\r\n", "HTTP/1.1 20 OK\r\n",
					    "ETag: \"5f\"\r\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct lb_http_head h = {.status = 77};

		assert_int_equal(lb_http_head_parse(&h, texts[i], strlen(texts[i])), LB_E(FORMAT));
		assert_int_equal(h.status, 77);
	}
}

TESTS(unit(head__of_a_whole_file__says_length_and_tag), unit(head__of_a_part__says_where_it_starts),
      unit(head__weak_tag__is_not_taken), unit(head__behind_redirections__is_the_last_one),
      unit(head__tag_that_is_too_long_or_unprintable__counts_as_none),
      unit(head__no_answer__is_refused_and_leaves_the_output))
