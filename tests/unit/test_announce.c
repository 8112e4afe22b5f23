#include "tests/t.h"

#include "proto/announce.h"
#include "tables/tables.h"

#define HEADER "LBAN\1"
#define CODES  "\1\1\1\2\1\0\3\1\0"
#define END    "\0\0"

/* The example of docs/announce.md. */
static const char golden[] = HEADER "\1\1\1"		    /* STATE window */
				    "\2\1\0"		    /* REASON none */
				    "\3\1\1"		    /* POLICY locked */
				    "\4\4\0\0\x0B\xB8"	    /* LEFT_MS 3000 */
				    "\5\4\xC0\xA8\1\1"	    /* ADDRESS 192.168.1.1 */
				    "\6\3a,b"		    /* BOARD */
				    "\7\3A B"		    /* NAME */
				    "\10\4S123"		    /* SERIAL */
				    "\11\0050.1.0"	    /* VERSION */
				    "\12\12SHA256:abc"	    /* HOSTKEY */
				    "\13\12Just so it" END; /* WHY */

static struct lb_announce golden_fields(void)
{
	struct lb_announce a;

	lb_announce_init(&a);
	a.state = LB_STATE_WINDOW;
	a.policy = LB_POLICY_LOCKED;
	a.left_ms = 3000;
	a.address = 0xC0A80101;
	strcpy(a.board, "a,b");
	strcpy(a.name, "A B");
	strcpy(a.serial, "S123");
	strcpy(a.version, "0.1.0");
	strcpy(a.host_key, "SHA256:abc");
	strcpy(a.why, "Just so it");
	return a;
}

static void same(const struct lb_announce *x, const struct lb_announce *y)
{
#define SAME_CODE(m)				   assert_int_equal(x->m, y->m)
#define SAME_NUMBER(m)				   assert_int_equal(x->m, y->m)
#define SAME_TEXT(m)				   assert_string_equal(x->m, y->m)
#define FIELD(id, tag, kind, member, absent, help) SAME_##kind(member);
#include "tables/announce.def"
#undef FIELD
}

static void refused(const void *buf, size_t n, int err)
{
	struct lb_announce a, before;

	memset(&a, 0x55, sizeof(a));
	memcpy(&before, &a, sizeof(a));
	assert_int_equal(lb_announce_decode(&a, buf, n), err);
	assert_memory_equal(&a, &before, sizeof(a));
}

static void announce__golden_fields__encode_to_the_documented_bytes(void **state)
{
	const struct lb_announce a = golden_fields();
	uint8_t out[LB_ANNOUNCE_BYTES_MAX];

	assert_int_equal(lb_announce_encode(out, &a), sizeof(golden) - 1);
	assert_memory_equal(out, golden, sizeof(golden) - 1);
}

static void announce__documented_bytes__decode_to_the_golden_fields(void **state)
{
	const struct lb_announce want = golden_fields();
	struct lb_announce a;

	assert_int_equal(lb_announce_decode(&a, golden, sizeof(golden) - 1), 0);
	same(&a, &want);
}

static void announce__nothing_but_codes__leaves_the_rest_not_said(void **state)
{
	struct lb_announce a;

	assert_int_equal(lb_announce_decode(&a, HEADER CODES END, 16), 0);
	assert_int_equal(a.left_ms, LB_LEFT_NONE);
	assert_int_equal(a.address, 0);
	assert_string_equal(a.board, "");
	assert_string_equal(a.why, "");
}

static void announce__every_truncation__is_refused_and_out_untouched(void **state)
{
	for (size_t n = 0; n < sizeof(golden) - 1; n++)
		refused(golden, n, LB_E(TRUNC));
}

static void announce__fullest_announcement__fits_and_comes_back(void **state)
{
	struct lb_announce a, back;
	uint8_t out[LB_ANNOUNCE_BYTES_MAX];
	int n;

	lb_announce_init(&a);
	memset(&a, 'z', sizeof(a));
#define FULL_CODE(m)
#define FULL_NUMBER(m)
#define FULL_TEXT(m)				   a.m[sizeof(a.m) - 1] = '\0'
#define FIELD(id, tag, kind, member, absent, help) FULL_##kind(member);
#include "tables/announce.def"
#undef FIELD
	n = lb_announce_encode(out, &a);
	assert_in_range(n, 500, LB_ANNOUNCE_BYTES_MAX);
	assert_int_equal(lb_announce_decode(&back, out, (size_t)n), 0);
	same(&back, &a);
}

static void announce__text_without_nul__is_refused_and_out_untouched(void **state)
{
	struct lb_announce a = golden_fields();
	uint8_t out[LB_ANNOUNCE_BYTES_MAX] = {0x55};

	memset(a.serial, 'x', sizeof(a.serial));
	assert_int_equal(lb_announce_encode(out, &a), LB_E(RANGE));
	assert_int_equal(out[0], 0x55);
}

static void announce__unknown_tags__are_skipped_even_twice(void **state)
{
	static const char buf[] = HEADER "\14\2zz" CODES "\14\2zz"
					 "\x2D\0"
					 "\xFF\1z" END;
	struct lb_announce a;

	assert_int_equal(lb_announce_decode(&a, buf, sizeof(buf) - 1), 0);
	assert_int_equal(a.state, LB_STATE_WINDOW);
}

static void announce__order_of_fields__does_not_matter(void **state)
{
	static const char buf[] = HEADER "\13\2ok"
					 "\3\1\0"
					 "\2\1\3"
					 "\1\1\4" END;
	struct lb_announce a;

	assert_int_equal(lb_announce_decode(&a, buf, sizeof(buf) - 1), 0);
	assert_int_equal(a.state, LB_STATE_FAILSAFE);
	assert_int_equal(a.reason, LB_REASON_BUTTON);
	assert_string_equal(a.why, "ok");
}

#define REFUSED(text, err) refused((text), sizeof(text) - 1, (err))

static void announce__wrong_datagrams__are_refused_and_out_untouched(void **state)
{
	static char long_text[5 + 9 + 2 + LB_NAME_MAX + 2] = HEADER CODES "\6\100";

	REFUSED("LBAM\1" CODES END, LB_E(FORMAT));
	REFUSED("LBAN\2" CODES END, LB_E(UNSUP));
	REFUSED("LBAN\0" CODES END, LB_E(UNSUP));
	REFUSED(HEADER CODES "\1\1\1" END, LB_E(FORMAT)); /* a field twice */
	REFUSED(HEADER CODES "\6\0"
			     "\6\1a" END,
		LB_E(FORMAT));
	REFUSED(HEADER "\1\1\1\2\1\0" END, LB_E(FORMAT)); /* no POLICY */
	REFUSED(HEADER CODES END "\0", LB_E(FORMAT));	  /* bytes after the end */
	REFUSED(HEADER CODES "\0\1z", LB_E(RANGE));
	REFUSED(HEADER "\1\0"
		       "\2\1\0\3\1\0" END,
		LB_E(RANGE)); /* wrong sizes */
	REFUSED(HEADER "\1\2\0\1"
		       "\2\1\0\3\1\0" END,
		LB_E(RANGE));
	REFUSED(HEADER CODES "\4\3\0\0\0" END, LB_E(RANGE));
	REFUSED(HEADER CODES "\4\5\0\0\0\0\0" END, LB_E(RANGE));
	REFUSED(HEADER CODES "\6\3a\0b" END, LB_E(RANGE)); /* NUL in a text */
	memset(long_text + 16, 'x', LB_NAME_MAX);
	refused(long_text, sizeof(long_text), LB_E(RANGE));
}

static void announce__more_than_548_bytes__is_refused(void **state)
{
	uint8_t buf[LB_ANNOUNCE_BYTES_MAX + 1] = HEADER CODES "\360\377";
	struct lb_announce a;

	/* Two unknown fields and the end fill the largest datagram exactly; one byte more does not
	 * count as one. */
	buf[14 + 2 + 255] = 0xF1;
	buf[14 + 2 + 255 + 1] = 548 - 14 - 2 - 255 - 2 - 2 - 20;
	buf[14 + 2 + 255 + 2 + 253] = 0xF2;
	buf[14 + 2 + 255 + 2 + 253 + 1] = 18;
	assert_int_equal(lb_announce_decode(&a, buf, LB_ANNOUNCE_BYTES_MAX), 0);
	buf[14 + 2 + 255 + 2 + 253 + 1] = 19;
	refused(buf, LB_ANNOUNCE_BYTES_MAX + 1, LB_E(RANGE));
}

static void policies__codes_on_the_wire__never_change(void **state)
{
	assert_int_equal(LB_POLICY_OPEN, 0);
	assert_int_equal(LB_POLICY_LOCKED, 1);
	assert_int_equal(LB_POLICY_OFF, 2);
}

TESTS(unit(announce__golden_fields__encode_to_the_documented_bytes),
      unit(announce__documented_bytes__decode_to_the_golden_fields),
      unit(announce__nothing_but_codes__leaves_the_rest_not_said),
      unit(announce__every_truncation__is_refused_and_out_untouched),
      unit(announce__fullest_announcement__fits_and_comes_back),
      unit(announce__text_without_nul__is_refused_and_out_untouched),
      unit(announce__unknown_tags__are_skipped_even_twice),
      unit(announce__order_of_fields__does_not_matter),
      unit(announce__wrong_datagrams__are_refused_and_out_untouched),
      unit(announce__more_than_548_bytes__is_refused),
      unit(policies__codes_on_the_wire__never_change))
