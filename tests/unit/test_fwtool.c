/* What OpenWrt appends to an image. Layout: OpenWrt's fwtool.c. */
#include "tests/t.h"

#include "base/crc32.h"
#include "image/fwtool.h"
#include "tests/unit/image_bytes.h"

#define IMAGE_LEN 1000

static uint8_t file[80000];
static size_t used;

static void begin(void)
{
	put_noise(file, IMAGE_LEN);
	used = IMAGE_LEN;
}

/* With only the last `n` bytes in sight. */
static int parse(struct lb_fwtool *out, size_t n)
{
	void *copy = exactly(file + used - n, n);
	int rc;

	*out = (struct lb_fwtool){.count = 99};
	rc = lb_fwtool_parse(out, copy, n);
	if (rc < 0)
		assert_int_equal(out->count, 99);
	free(copy);
	return rc;
}

static void blocks__metadata_then_signature__both_are_found_in_order(void **state)
{
	struct lb_fwtool f;

	begin();
	used = put_fwtool_block(file, used, 1, "{\"metadata_version\":\"1.1\"}", 26);
	assert_int_equal(used, IMAGE_LEN + 50); /* as an image built by OpenWrt has it */
	used = put_fwtool_block(file, used, 0, "sign", 4);
	assert_int_equal(parse(&f, used), 0);
	assert_int_equal(f.count, 2);
	assert_int_equal(f.appended_bytes, 50 + 20);
	assert_int_equal(f.block[0].type, LB_FWTOOL_METADATA);
	assert_int_equal(f.block[0].payload_at, IMAGE_LEN + 8);
	assert_int_equal(f.block[0].payload_len, 26);
	assert_int_equal(f.block[1].type, LB_FWTOOL_SIGNATURE);
	assert_memory_equal(file + f.block[1].payload_at, "sign", 4);
	assert_int_equal(f.block[1].payload_len, 4);
	assert_ptr_equal(lb_fwtool_find(&f, LB_FWTOOL_SIGNATURE), &f.block[1]);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(lb_fwtool_verify(&f.block[i], file, 0), 0);
}

static void checksum__each_byte_before_a_trailer__counts(void **state)
{
	struct lb_fwtool f;

	begin();
	used = put_fwtool_block(file, used, 1, "{}", 2);
	assert_int_equal(parse(&f, used), 0);
	for (size_t at = 0; at < used - 16; at++) {
		file[at] ^= 1;
		assert_int_equal(lb_fwtool_verify(&f.block[0], file, 0), LB_E(CRC));
		file[at] ^= 1;
	}
}

static void tail__shorter_than_the_file__checksum_goes_on_from_what_went_before(void **state)
{
	struct lb_fwtool f;

	begin();
	used = put_fwtool_block(file, used, 1, "{}", 2);
	for (size_t n = 26; n <= used; n += 7) {
		const uint8_t *tail = file + used - n;

		assert_int_equal(parse(&f, n), 0);
		assert_int_equal(f.count, 1);
		assert_int_equal(lb_fwtool_verify(&f.block[0], tail, lb_crc32(0, file, used - n)),
				 0);
	}
}

static void images_without_blocks__nothing_is_found(void **state)
{
	struct lb_fwtool f;

	begin();
	for (size_t n = 0; n < 100; n++) {
		assert_int_equal(parse(&f, n), 0);
		assert_int_equal(f.count, 0);
		assert_int_equal(f.appended_bytes, 0);
	}
	assert_null(lb_fwtool_find(&f, LB_FWTOOL_METADATA));
}

static void types_to_come__are_skipped(void **state)
{
	struct lb_fwtool f;

	begin();
	used = put_fwtool_block(file, used, 1, "{}", 2);
	used = put_fwtool_block(file, used, 7, "later", 5);
	assert_int_equal(parse(&f, used), 0);
	assert_int_equal(f.count, 2);
	assert_int_equal(lb_fwtool_find(&f, LB_FWTOOL_METADATA)->payload_len, 2);
}

static void sizes_that_cannot_be__out_of_range(void **state)
{
	static char payload[LB_FWTOOL_METADATA_MAX + 1];
	struct lb_fwtool f;

	for (uint64_t size = 0; size < 24; size++) {
		begin();
		used = put_fwtool_block(file, used, 1, "{}", 2);
		put_be(file + used - 4, size, 4);
		assert_int_equal(parse(&f, used), LB_E(RANGE));
	}
	begin();
	used = put_fwtool_block(file, used, 1, "{}", 2);
	put_be(file + used - 4, used + 1, 4);
	assert_int_equal(parse(&f, used), LB_E(RANGE));
	begin();
	used = put_fwtool_block(file, used, 1, payload, LB_FWTOOL_METADATA_MAX);
	used = put_fwtool_block(file, used, 0, payload, LB_FWTOOL_SIGNATURE_MAX);
	assert_int_equal(parse(&f, used), 0);
	assert_int_equal(f.count, 2);
	begin();
	used = put_fwtool_block(file, used, 1, payload, LB_FWTOOL_METADATA_MAX + 1);
	assert_int_equal(parse(&f, used), LB_E(RANGE));
	begin();
	used = put_fwtool_block(file, used, 0, payload, LB_FWTOOL_SIGNATURE_MAX + 1);
	assert_int_equal(parse(&f, used), LB_E(RANGE));
}

static void more_blocks_than_anybody_makes__are_refused(void **state)
{
	struct lb_fwtool f;

	begin();
	for (int i = 0; i < LB_FWTOOL_BLOCKS_MAX; i++)
		used = put_fwtool_block(file, used, 0, "x", 1);
	assert_int_equal(parse(&f, used), 0);
	assert_int_equal(f.count, LB_FWTOOL_BLOCKS_MAX);
	used = put_fwtool_block(file, used, 0, "x", 1);
	assert_int_equal(parse(&f, used), LB_E(NOSPC));
}

TESTS(unit(blocks__metadata_then_signature__both_are_found_in_order),
      unit(checksum__each_byte_before_a_trailer__counts),
      unit(tail__shorter_than_the_file__checksum_goes_on_from_what_went_before),
      unit(images_without_blocks__nothing_is_found), unit(types_to_come__are_skipped),
      unit(sizes_that_cannot_be__out_of_range), unit(more_blocks_than_anybody_makes__are_refused))
