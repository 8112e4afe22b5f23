#include "tests/t.h"

#include "base/bytes.h"
#include "base/crc32.h"
#include "base/err.h"

static void crc32__check_string__has_the_published_value(void **state)
{
	/* The check value of CRC-32/ISO-HDLC in every catalogue. */
	assert_int_equal(lb_crc32(0, "123456789", 9), 0xCBF43926u);
	assert_int_equal(lb_crc32(lb_crc32(0, "1234", 4), "56789", 5), 0xCBF43926u);
}

static void reader__short_input__is_bad_and_stays_bad(void **state)
{
	const uint8_t three[] = {1, 2, 3};
	struct lb_rd r = lb_rd_init(three, sizeof(three));

	assert_int_equal(lb_rd_be16(&r), 0x0102);
	assert_int_equal(lb_rd_be16(&r), 0);
	assert_true(r.bad);
	assert_int_equal(lb_rd_u8(&r), 0);
	assert_true(r.bad);
}

static void reader__child__cannot_see_past_its_parent_s_slice(void **state)
{
	const uint8_t bytes[] = {1, 2, 3, 4};
	struct lb_rd r = lb_rd_init(bytes, sizeof(bytes));
	struct lb_rd child = lb_rd_sub(&r, 2);

	assert_int_equal(lb_rd_u8(&child), 1);
	assert_int_equal(lb_rd_u8(&child), 2);
	assert_int_equal(lb_rd_u8(&child), 0);
	assert_true(child.bad);
	assert_false(r.bad);
	assert_int_equal(lb_rd_u8(&r), 3);
}

static void reader__string_with_nul_inside__is_bad(void **state)
{
	char out[8] = "before";
	struct lb_rd r = lb_rd_init("a\0b", 3);

	lb_rd_str(&r, out, sizeof(out));
	assert_true(r.bad);
	assert_string_equal(out, "");
}

static void writer__full_buffer__is_bad_and_nothing_is_written_past_it(void **state)
{
	uint8_t buf[4] = {0, 0, 0, 0xEE};
	struct lb_wr w = lb_wr_init(buf, 3);

	lb_wr_be(&w, 0x0102, 2);
	lb_wr_be(&w, 0x0304, 2);
	assert_true(w.bad);
	assert_int_equal(lb_wr_used(&w), 2);
	assert_int_equal(buf[3], 0xEE);
}

static void err__every_code__has_a_text(void **state)
{
	for (int i = 0; i < LB_EI_COUNT; i++)
		assert_true(strlen(lb_strerror(-i)) > 3);
	assert_string_equal(lb_strerror(1), lb_strerror(-LB_EI_COUNT));
}

TESTS(unit(crc32__check_string__has_the_published_value),
      unit(reader__short_input__is_bad_and_stays_bad),
      unit(reader__child__cannot_see_past_its_parent_s_slice),
      unit(reader__string_with_nul_inside__is_bad),
      unit(writer__full_buffer__is_bad_and_nothing_is_written_past_it),
      unit(err__every_code__has_a_text))
