/* What stands in front of a copy of the settings, and where the record says that they are. */
#include "tests/t.h"

#include "plan/safe_copy.h"

static const struct lb_safe_header h = {.archive_bytes = 412, .hash = {0xAB, 0x01, [31] = 0xEF}};

static void header__every_flipped_bit_and_every_cut__is_refused_and_out_untouched(void **state)
{
	uint8_t bytes[LB_SAFE_HEADER_BYTES];
	struct lb_safe_header out = {0};
	const struct lb_safe_header untouched = {0};

	lb_safe_header_encode(&h, bytes);
	for (size_t n = 0; n < sizeof(bytes); n++)
		assert_int_equal(lb_safe_header_parse(&out, bytes, n), LB_E(TRUNC));
	for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(lb_safe_header_parse(&out, bytes, sizeof(bytes)) < 0);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_memory_equal(&out, &untouched, sizeof(out));
	assert_int_equal(lb_safe_header_parse(&out, bytes, sizeof(bytes)), 0);
	assert_memory_equal(&out, &h, sizeof(h));
}

/* As docs/settings-archive.md has it. */
static void header__encoded__has_the_bytes_of_the_page(void **state)
{
	static const uint8_t start[] = {'L', 'B', 'S', 'A', 'F', 'E', '0', '1',
					0,   0,	  0,   0,   0,	 0,   1,   0x9C};
	uint8_t bytes[LB_SAFE_HEADER_BYTES];

	lb_safe_header_encode(&h, bytes);
	assert_memory_equal(bytes, start, sizeof(start));
	assert_memory_equal(bytes + 16, h.hash, sizeof(h.hash));
}

static void header__no_archive_or_one_of_a_tebibyte_and_more__is_refused(void **state)
{
	static const uint64_t wrong[] = {0, (1ull << 40) + 1, UINT64_MAX};
	uint8_t bytes[LB_SAFE_HEADER_BYTES];
	struct lb_safe_header out;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		lb_safe_header_encode(&(struct lb_safe_header){.archive_bytes = wrong[i]}, bytes);
		assert_int_equal(lb_safe_header_parse(&out, bytes, sizeof(bytes)), LB_E(RANGE));
	}
	assert_int_equal(lb_safe_copy_end(131072, 4096, UINT64_MAX), 0);
}

static void copy__behind_a_head__ends_with_a_whole_block(void **state)
{
	assert_int_equal(lb_safe_copy_end(131072, 4096, 1), 135168);
	assert_int_equal(lb_safe_copy_end(131072, 4096, 4096 - 64), 135168);
	assert_int_equal(lb_safe_copy_end(131072, 4096, 4096 - 63), 139264);
	assert_int_equal(lb_safe_copy_end(65536, 65536, 65536), 196608);
}

static void place__written_and_read__is_the_same(void **state)
{
	static const uint64_t places[] = {0, 65536, 5242880, (1ull << 40) - 65536};
	char text[LB_SAFE_PLACE_MAX];
	uint64_t out;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t n = lb_safe_place_encode(places[i], text);

		out = 1;
		assert_int_equal(lb_safe_place_parse(&out, text, n), 0);
		assert_int_equal(out, places[i]);
	}
	assert_int_equal(lb_safe_place_encode(5242880, text), 12);
	assert_memory_equal(text, "root:5242880", 12);
}

static void place__of_a_stick_or_no_number__is_another_one(void **state)
{
	static const char *const wrong[] = {
		"",	   "root",    "UUID=1:/a", "root:5 ",
		"root:05", "root:-1", "root:0x10", "root:99999999999999999999"};
	uint64_t out = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(lb_safe_place_parse(&out, wrong[i], strlen(wrong[i])),
				 LB_E(FORMAT));
	assert_int_equal(out, 7);
}

TESTS(unit(header__every_flipped_bit_and_every_cut__is_refused_and_out_untouched),
      unit(header__encoded__has_the_bytes_of_the_page),
      unit(header__no_archive_or_one_of_a_tebibyte_and_more__is_refused),
      unit(copy__behind_a_head__ends_with_a_whole_block),
      unit(place__written_and_read__is_the_same),
      unit(place__of_a_stick_or_no_number__is_another_one))
