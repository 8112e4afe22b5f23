#include "tests/t.h"

#include <stdio.h>

#include "base/crc32.h"
#include "plan/record.h"

static struct lb_record full, out, before;
static uint8_t copy[LB_RECORD_BYTES], other[LB_RECORD_BYTES];

static int fill(void **state)
{
	memset(&full, 0, sizeof(full));
	full.seq = 0x0102030405060708;
	full.boot_count = 0xA0B0C0D0;
	full.request = LB_REQUEST_FAILSAFE;
	full.last_state = LB_STATE_FAILSAFE;
	full.last_reason = LB_REASON_BUTTON;
	full.overlay = 1;
	full.host_key_len = LB_BLOB_MAX;
	for (size_t i = 0; i < LB_BLOB_MAX; i++)
		full.host_key[i] = (uint8_t)(255 - i);
	lb_record_log(&full, "boot 1: normal");
	lb_record_log(&full, "boot 2: failsafe, button");
	memset(copy, 0xA5, sizeof(copy));
	memset(&out, 0xA5, sizeof(out));
	before = out;
	return 0;
}

static void put_be(uint8_t *p, uint64_t v, size_t width)
{
	for (size_t i = width; i > 0; i--, v >>= 8)
		p[i - 1] = (uint8_t)v;
}

/* As docs/record.md tells it: bytes 0..23, then 28 to the end. */
static void seal(uint8_t *c)
{
	put_be(c + 24, lb_crc32(lb_crc32(0, c, 24), c + 28, LB_RECORD_BYTES - 28), 4);
}

static void make_payload(const void *payload, size_t n)
{
	memset(copy, 0, sizeof(copy));
	memcpy(copy, "LBRECORD\0\1\0\0", 12);
	put_be(copy + 12, 7, 8);
	put_be(copy + 20, n, 4);
	memcpy(copy + 28, payload, n);
	seal(copy);
}

static void assert_refused(int err)
{
	uint64_t seq;

	assert_true(lb_record_check(&seq, copy, sizeof(copy)) <= 0);
	assert_int_equal(lb_record_decode(&out, copy, sizeof(copy)), err);
	assert_memory_equal(&out, &before, sizeof(out));
}

static void record__round_trip__every_field_returns(void **state)
{
	assert_int_equal(lb_record_encode(&full, copy), 0);
	assert_int_equal(lb_record_decode(&out, copy, sizeof(copy)), 0);
	assert_memory_equal(&out, &full, sizeof(out));
}

/* What a reset asked for in one slot must not happen in the other one. */
static void record__another_slot_is_entered__the_overlay_of_each_is_kept_apart(void **state)
{
	struct lb_record r = {.overlay = LB_RECORD_OVERLAY_FORMATTING,
			      .reflash = LB_RECORD_REFLASH_BEGUN};

	lb_record_enter_slot(&r, 0);
	assert_int_equal(r.overlay, LB_RECORD_OVERLAY_FORMATTING);
	lb_record_enter_slot(&r, 1);
	assert_int_equal(r.overlay, LB_RECORD_OVERLAY_NEW);
	assert_int_equal(r.reflash, LB_RECORD_REFLASH_NONE);
	r.overlay = LB_RECORD_OVERLAY_READY;
	lb_record_enter_slot(&r, 0);
	assert_int_equal(r.overlay, LB_RECORD_OVERLAY_FORMATTING);
	assert_int_equal(r.reflash, LB_RECORD_REFLASH_BEGUN);
	lb_record_renew_slot(&r, 1);
	assert_int_equal(r.overlay, LB_RECORD_OVERLAY_FORMATTING);
	lb_record_enter_slot(&r, 1);
	assert_int_equal(r.overlay, LB_RECORD_OVERLAY_NEW);
	r.owner_slot = 9; /* damaged, or of a later version */
	lb_record_renew_slot(&r, 1);
	lb_record_enter_slot(&r, 1);
	assert_int_equal(r.owner_slot, 1);
}

static void record__full_log__fits(void **state)
{
	char line[100];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(line, sizeof(line), "boot %d: normal, nobody asked for anything", i);
		lb_record_log(&full, line);
	}
	memset(full.log + full.log_len, 0, sizeof(full.log) - full.log_len);
	assert_int_equal(lb_record_encode(&full, copy), 0);
	assert_int_equal(lb_record_decode(&out, copy, sizeof(copy)), 0);
	assert_memory_equal(&out, &full, sizeof(out));
}

static const uint8_t golden[] = {
	0x4c, 0x42, 0x52, 0x45, 0x43, 0x4f, 0x52, 0x44, /* magic */
	0x00, 0x01, 0x00, 0x05,				/* version 1.5 */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, /* sequence number 9 */
	0x00, 0x00, 0x01, 0x07,				/* payload length */
	0x48, 0x0f, 0xea, 0x71,				/* CRC */
	0x00, 0x01, 0x00, 0x04, 0x00, 0x00, 0x00, 0x0c, /* boots */
	0x00, 0x02, 0x00, 0x01, 0x01,			/* request */
	0x00, 0x03, 0x00, 0x01, 0x04,			/* state */
	0x00, 0x04, 0x00, 0x01, 0x03,			/* reason */
	0x00, 0x05, 0x00, 0x01, 0x01,			/* overlay */
	0x00, 0x06, 0x00, 0x02, 0xab, 0xcd,		/* host key */
	0x00, 0x07, 0x00, 0x03, 0x68, 0x69, 0x0a,	/* log */
	0x00, 0x08, 0x00, 0x01, 0x02,			/* reset outcome */
	0x00, 0x09, 0x00, 0x01, 0x01,			/* why */
	0x00, 0x0a, 0x00, 0x08, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, /* when */
	0x00, 0x0b, 0x00, 0x04, 0x00, 0x00, 0x01, 0x90,				/* took */
	0x00, 0x0c, 0x00, 0x04, 0x00, 0x00, 0x03, 0x84, /* formatting took */
	0x00, 0x0d, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x38, /* entries
										 */
	0x00, 0x0e, 0x00, 0x01, 0x02, /* the root is being written anew */
	0x00, 0x0f, 0x00, 0x01, 0x01, /* reset from an image */
	0x00, 0x10, 0x00, 0x01, 0x01, /* slots */
	0x00, 0x11, 0x00, 0x01, 0x01, 0x00, 0x12, 0x00, 0x01, 0x02, 0x00, 0x13, 0x00, 0x01, 0x03,
	0x00, 0x14, 0x00, 0x01, 0x01, 0x00, 0x15, 0x00, 0x01, 0x00, 0x00, 0x16, 0x00, 0x01, 0x00,
	0x00, 0x17, 0x00, 0x01, 0x02, 0x00, 0x18, 0x00, 0x01, 0x02, 0x00, 0x19, 0x00, 0x01, 0x03,
	0x00, 0x1a, 0x00, 0x01, 0x01, 0x00, 0x1b, 0x00, 0x01, 0x04, 0x00, 0x1c, 0x00, 0x01, 0x00,
	0x00, 0x1d, 0x00, 0x01, 0x00, 0x00, 0x1e, 0x00, 0x01, 0x01,
	/* rescue mode, outcome, failure, said */
	0x00, 0x1f, 0x00, 0x01, 0x03, 0x00, 0x20, 0x00, 0x01, 0x03, 0x00, 0x21, 0x00, 0x01, 0x04,
	0x00, 0x22, 0x00, 0x02, 0x79, 0x0a, 0x00, 0x24, 0x00, 0x01,
	0x04, /* the mode that was writing the card */
	/* upgrade */
	0x00, 0x28, 0x00, 0x01, 0x03,						/* stage */
	0x00, 0x29, 0x00, 0x01, 0x01,						/* flags */
	0x00, 0x2a, 0x00, 0x01, 0x55,						/* image */
	0x00, 0x2b, 0x00, 0x02, 0xab, 0xcd,					/* its hash */
	0x00, 0x2c, 0x00, 0x01, 0x56,						/* settings */
	0x00, 0x2d, 0x00, 0x00,							/* their hash */
	0x00, 0x2e, 0x00, 0x01, 0x02,						/* outcome */
	0x00, 0x2f, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, /* when */
	0x00, 0x30, 0x00, 0x04, 0x00, 0x00, 0x00, 0x09,				/* took */
	0x00, 0x31, 0x00, 0x02, 0x78, 0x0a,					/* said */
};

static void record__golden_bytes__stay(void **state)
{
	struct lb_record r = {
		.seq = 9,
		.boot_count = 12,
		.request = 1,
		.last_state = 4,
		.last_reason = 3,
		.overlay = 1,
		.reflash = LB_RECORD_REFLASH_BEGUN,
		.host_key_len = 2,
		.host_key = {0xAB, 0xCD},
		.log_len = 3,
		.log = "hi\n",
		.reset = {.outcome = 2,
			  .why = 1,
			  .at_s = 0x0102030405060708,
			  .took_ms = 400,
			  .format_ms = 900,
			  .entries = 312,
			  .from_image = 1},
		.slots = {.active = 1,
			  .entered = 1,
			  .unsettled = 2,
			  .reason = 3,
			  .slot = {{.state = 1}, {.state = 2, .tries = 2, .why = 3}}},
		.owner_slot = 1,
		.aside = {{.overlay = 4}, {.reflash = 1}},
		.upgrade = {.stage = 3,
			    .flags = 1,
			    .image_len = 1,
			    .image = "U",
			    .image_hash_len = 2,
			    .image_hash = {0xAB, 0xCD},
			    .settings_len = 1,
			    .settings = "V",
			    .outcome = 2,
			    .at_s = 7,
			    .took_ms = 9,
			    .said_len = 2,
			    .said = "x\n"},
		.rescue = {.mode = 3, .outcome = 3, .failure = 4, .said_len = 2, .said = "y\n"},
		.card_mode = 4,
	};

	assert_int_equal(lb_record_encode(&r, copy), 0);
	assert_memory_equal(copy, golden, sizeof(golden));
	for (size_t i = sizeof(golden); i < sizeof(copy); i++)
		assert_int_equal(copy[i], 0);
}

static void record__every_truncation__is_refused_and_out_untouched(void **state)
{
	assert_int_equal(lb_record_encode(&full, copy), 0);
	for (size_t n = 0; n < sizeof(copy); n++) {
		assert_int_equal(lb_record_decode(&out, copy, n), LB_E(TRUNC));
		assert_memory_equal(&out, &before, sizeof(out));
	}
	assert_int_equal(lb_record_decode(&out, copy, sizeof(copy) + 1), LB_E(RANGE));
	assert_memory_equal(&out, &before, sizeof(out));
}

static void record__one_flipped_bit_anywhere__is_refused(void **state)
{
	assert_int_equal(lb_record_encode(&full, copy), 0);
	for (size_t i = 0; i < sizeof(copy); i += i < 600 ? 1 : 97) {
		uint64_t seq = 3;

		copy[i] ^= (uint8_t)(1 << i % 8);
		assert_refused(i < 8 ? LB_E(FORMAT) : LB_E(CRC));
		assert_int_equal(lb_record_check(&seq, copy, sizeof(copy)),
				 i < 8 ? LB_E(FORMAT) : LB_E(CRC));
		assert_int_equal(seq, 3);
		copy[i] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(lb_record_decode(&out, copy, sizeof(copy)), 0);
}

static void record__every_torn_write_over_an_older_copy__is_refused(void **state)
{
	uint64_t seq;

	assert_int_equal(lb_record_encode(&full, other), 0);
	full.seq++;
	lb_record_log(&full, "boot 3: normal");
	for (size_t torn = 512; torn < sizeof(copy); torn += 512) {
		assert_int_equal(lb_record_encode(&full, copy), 0);
		memcpy(copy + torn, other + torn, sizeof(copy) - torn);
		/* What is equal in both copies cannot be torn. */
		if (lb_record_check(&seq, copy, sizeof(copy)) == 1) {
			assert_int_equal(lb_record_encode(&full, other), 0);
			assert_memory_equal(copy, other, sizeof(copy));
			return;
		}
		assert_refused(LB_E(CRC));
	}
}

static void record__payload_cut_anywhere__never_gives_half_a_field(void **state)
{
	static const uint8_t payload[] = {0, 1, 0, 4, 0, 0, 0, 5, 0, 7, 0, 3, 'h', 'i', '\n'};

	for (size_t n = 0; n <= sizeof(payload); n++) {
		uint64_t seq;

		make_payload(payload, n);
		if (n == 0 || n == 8 || n == sizeof(payload)) {
			assert_int_equal(lb_record_check(&seq, copy, sizeof(copy)), 1);
			continue;
		}
		assert_refused(LB_E(FORMAT));
	}
}

static void record__payload_longer_than_a_copy__is_refused(void **state)
{
	make_payload("", 0);
	put_be(copy + 20, LB_RECORD_BYTES - 28, 4);
	seal(copy);
	assert_refused(LB_E(FORMAT)); /* a payload of zeros: tag 0 is no tag */
	put_be(copy + 20, LB_RECORD_BYTES - 27, 4);
	seal(copy);
	assert_refused(LB_E(FORMAT));
	put_be(copy + 20, UINT32_MAX, 4);
	seal(copy);
	assert_refused(LB_E(FORMAT));
}

static void record__unknown_tag__is_skipped(void **state)
{
	static const uint8_t payload[] = {0, 3, 0, 1, 4, 0xFE, 0xDC, 0, 2, 'x', 'y'};

	make_payload(payload, sizeof(payload));
	copy[11] = 9; /* a newer minor version */
	seal(copy);
	assert_int_equal(lb_record_decode(&out, copy, sizeof(copy)), 0);
	assert_int_equal(out.last_state, 4);
}

static void record__missing_fields__are_zero(void **state)
{
	static const struct lb_record empty = {.seq = 7};

	make_payload("", 0);
	assert_int_equal(lb_record_decode(&out, copy, sizeof(copy)), 0);
	assert_memory_equal(&out, &empty, sizeof(out));
}

static void record__wrong_fields__are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} wrong[] = {
		{"\0\1\0\3\0\0\0", 7},	      /* an integer too short */
		{"\0\1\0\5\0\0\0\0\0", 9},    /* and too long */
		{"\0\1\0\0", 4},	      /* and empty */
		{"\0\3\0\1\4\0\3\0\1\5", 10}, /* one tag twice */
		{"\0\3\0\1\4\0\2\0\1\1", 10}, /* tags out of order */
		{"\0\7\0\2hi", 6},	      /* a log line without end */
		{"\0\7\0\5h\033[m\n", 9},     /* a terminal escape */
		{"\0\7\0\3h\0\n", 7},	      /* a NUL */
		{"\0\7\0\3h\xC3\n", 7},	      /* half a UTF-8 character */
		{"\0\7\0\3h\177\n", 7},	      /* DEL */
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		make_payload(wrong[i].bytes, wrong[i].n);
		assert_refused(LB_E(FORMAT));
	}
}

static void record__blob_one_byte_too_long__is_refused(void **state)
{
	static uint8_t payload[4 + LB_BLOB_MAX + 1] = {0, 6, 1, 1};

	make_payload(payload, sizeof(payload));
	assert_refused(LB_E(FORMAT));
	payload[3] = 0;
	make_payload(payload, sizeof(payload) - 1);
	assert_int_equal(lb_record_decode(&out, copy, sizeof(copy)), 0);
	assert_int_equal(out.host_key_len, LB_BLOB_MAX);
}

static void record__newer_major_version__only_its_number_is_read(void **state)
{
	uint64_t seq = 0;

	make_payload("\0\1\0\0", 4);
	copy[9] = 2;
	seal(copy);
	assert_refused(LB_E(UNSUP));
	assert_int_equal(lb_record_check(&seq, copy, sizeof(copy)), 0);
	assert_int_equal(seq, 7);
}

static void assert_not_encoded(void)
{
	memset(other, 0xA5, sizeof(other));
	assert_int_equal(lb_record_encode(&full, copy), LB_E(RANGE));
	assert_memory_equal(copy, other, sizeof(copy));
}

static void record__impossible_lengths__are_not_encoded(void **state)
{
	full.host_key_len = LB_BLOB_MAX + 1;
	assert_not_encoded();
	full.host_key_len = 0;
	full.log_len = LB_LOG_TAIL_BYTES + 1;
	assert_not_encoded();
	full.log_len = 5; /* in the middle of a line */
	assert_not_encoded();
	full.log_len = 0;
	assert_int_equal(lb_record_encode(&full, copy), 0);
}

static void log__line__is_added_at_the_end(void **state)
{
	static const char want[] = "boot 1: normal\nboot 2: failsafe, button\nthird\n\n";

	lb_record_log(&full, "third");
	lb_record_log(&full, "");
	assert_int_equal(full.log_len, sizeof(want) - 1);
	assert_memory_equal(full.log, want, sizeof(want) - 1);
}

static void log__bytes_that_do_not_print__become_question_marks(void **state)
{
	full.log_len = 0;
	lb_record_log(&full, "a\nb\033[2Jc\177d\tM\xC3\xB6x ~");
	assert_int_equal(full.log_len, 18);
	assert_memory_equal(full.log, "a?b?[2Jc?d?M??x ~\n", 18);
}

static void log__long_line__is_cut_at_200_bytes(void **state)
{
	char line[301];

	memset(line, 'x', sizeof(line));
	line[300] = '\0';
	full.log_len = 0;
	lb_record_log(&full, line);
	assert_int_equal(full.log_len, 201);
	assert_int_equal(full.log[200], '\n');
	line[200] = '\0';
	lb_record_log(&full, line);
	assert_int_equal(full.log_len, 402);
}

static void log__full__drops_whole_oldest_lines_only(void **state)
{
	full.log_len = 0;
	for (unsigned i = 0; i < 5000; i++) {
		char line[64], want[64];
		size_t n;

		(void)snprintf(line, sizeof(line), "%u %.*s", i, (int)(i % 37),
			       "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop");
		lb_record_log(&full, line);
		assert_in_range(full.log_len, 1, LB_LOG_TAIL_BYTES);
		n = (size_t)snprintf(want, sizeof(want), "%s\n", line);
		assert_memory_equal(full.log + full.log_len - n, want, n);
		/* A next line of 41 bytes at most would have fitted, had nothing been dropped. */
		if (i > 1000)
			assert_in_range(full.log_len, LB_LOG_TAIL_BYTES - 2 * 45,
					LB_LOG_TAIL_BYTES);
	}
	assert_true(full.log[0] >= '0' && full.log[0] <= '9');
}

static void log__exactly_full__nothing_is_dropped(void **state)
{
	char line[201];

	memset(line, 'y', sizeof(line));
	full.log_len = 0;
	line[127] = '\0'; /* 64 lines of 128 bytes are 8192 */
	for (int i = 0; i < 64; i++)
		lb_record_log(&full, line);
	assert_int_equal(full.log_len, LB_LOG_TAIL_BYTES);
	lb_record_log(&full, "z");
	assert_int_equal(full.log_len, LB_LOG_TAIL_BYTES - 128 + 2);
}

#define with_record(f) cmocka_unit_test_setup(f, fill)

static void record__root_asked_for_anew__does_not_forget_that_it_was_begun(void **state)
{
	struct lb_record *r = &full;

	r->reflash = LB_RECORD_REFLASH_NONE;
	lb_record_ask_reflash(r);
	assert_int_equal(r->reflash, LB_RECORD_REFLASH_ASKED);
	lb_record_ask_reflash(r);
	assert_int_equal(r->reflash, LB_RECORD_REFLASH_ASKED);
	r->reflash = LB_RECORD_REFLASH_BEGUN;
	lb_record_ask_reflash(r);
	assert_int_equal(r->reflash, LB_RECORD_REFLASH_BEGUN);
}

TESTS(with_record(record__root_asked_for_anew__does_not_forget_that_it_was_begun),
      with_record(record__round_trip__every_field_returns),
      unit(record__another_slot_is_entered__the_overlay_of_each_is_kept_apart),
      with_record(record__full_log__fits), with_record(record__golden_bytes__stay),
      with_record(record__every_truncation__is_refused_and_out_untouched),
      with_record(record__one_flipped_bit_anywhere__is_refused),
      with_record(record__every_torn_write_over_an_older_copy__is_refused),
      with_record(record__payload_cut_anywhere__never_gives_half_a_field),
      with_record(record__payload_longer_than_a_copy__is_refused),
      with_record(record__unknown_tag__is_skipped), with_record(record__missing_fields__are_zero),
      with_record(record__wrong_fields__are_refused),
      with_record(record__blob_one_byte_too_long__is_refused),
      with_record(record__newer_major_version__only_its_number_is_read),
      with_record(record__impossible_lengths__are_not_encoded),
      with_record(log__line__is_added_at_the_end),
      with_record(log__bytes_that_do_not_print__become_question_marks),
      with_record(log__long_line__is_cut_at_200_bytes),
      with_record(log__full__drops_whole_oldest_lines_only),
      with_record(log__exactly_full__nothing_is_dropped))
