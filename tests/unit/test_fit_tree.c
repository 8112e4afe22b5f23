/* Flattened image trees that come in pieces. The bytes are laid out by hand after the devicetree
 * specification, chapter 5. */
#include "tests/t.h"

#include <stdio.h>

#include "image/fit_tree.h"
#include "tests/unit/image_bytes.h"

static const char strings[] = "data\0data-size\0data-offset\0data-position\0algo\0value";
enum {
	DATA = 0,
	SIZE = 5,
	OFFSET = 15,
	POSITION = 27,
	ALGO = 41,
	VALUE = 46,
	STRUCTURE_AT = 0x38,
};

static uint8_t file[400000];
static size_t used; /* of the structure, with what stands before it */
static struct lb_fit_tree tree;

/* Stands in for a hash: the sum of all bytes. */
static uint32_t sum;
static unsigned begun;

static void adder_begin(void *ctx)
{
	sum = 0;
	begun++;
}

static void adder_data(void *ctx, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += bytes[i];
}

static void adder_end(void *ctx, struct lb_fit_digests *out)
{
	put_be(out->of[LB_FIT_CRC32], sum, 4);
}

static const struct lb_fit_adder adder = {
	.begin = adder_begin, .data = adder_data, .end = adder_end};

static void token(uint32_t which, const char *name)
{
	put_be(file + used, which, 4);
	used += 4;
	if (!name)
		return;
	memset(file + used, 0, strlen(name) + 4);
	put_text(file + used, name);
	used += (strlen(name) + 1 + 3) / 4 * 4;
}

static void value(uint32_t name, const void *bytes, size_t n)
{
	put_be(file + used, 3, 4);
	put_be(file + used + 4, n, 4);
	put_be(file + used + 8, name, 4);
	memcpy(file + used + 12, bytes, n);
	used += 12 + (n + 3) / 4 * 4;
}

static void number(uint32_t name, uint32_t v)
{
	uint8_t bytes[4];

	put_be(bytes, v, 4);
	value(name, bytes, 4);
}

static void begin_tree(void)
{
	memset(file, 0, sizeof(file));
	used = STRUCTURE_AT;
	token(1, "");
	token(1, "images");
}

/* Returns the length of the tree, whose names stand behind its structure. */
static size_t end_tree(void)
{
	const size_t structure_end = used + 12;

	token(2, NULL);
	token(2, NULL);
	token(9, NULL);
	memcpy(file + structure_end, strings, sizeof(strings));
	put_be(file, 0xD00DFEED, 4);
	put_be(file + 4, structure_end + sizeof(strings), 4);
	put_be(file + 8, STRUCTURE_AT, 4);
	put_be(file + 12, structure_end, 4);
	put_be(file + 32, sizeof(strings), 4);
	put_be(file + 36, structure_end - STRUCTURE_AT, 4);
	return structure_end + sizeof(strings);
}

static void hash(const char *algo, const void *want, size_t n)
{
	token(1, "hash-1");
	value(VALUE, want, n);
	value(ALGO, algo, strlen(algo) + 1);
	token(2, NULL);
}

static void run(size_t n, size_t step)
{
	lb_fit_tree_begin(&tree, &adder);
	begun = 0;
	for (size_t at = 0; at < n; at += step) {
		const size_t piece = n - at < step ? n - at : step;
		void *copy = exactly(file + at, piece);

		lb_fit_tree_feed(&tree, copy, piece);
		free(copy);
	}
}

static void tree__data_inside__are_added_up_however_they_come(void **state)
{
	static const size_t steps[] = {1, 3, 100, 4096, 400000};
	static uint8_t data[100001];
	uint32_t wanted = 0;
	size_t n;

	put_noise(data, sizeof(data));
	for (size_t i = 0; i < sizeof(data); i++)
		wanted += data[i];
	begin_tree();
	token(1, "kernel-1");
	value(SIZE, "some words about this", 22);
	value(DATA, data, sizeof(data));
	token(4, NULL);
	hash("crc32", "\1\2\3\4", 4);
	hash("sha1", "01234567890123456789", 20);
	token(2, NULL);
	n = end_tree();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct lb_fit_image image;
		uint8_t seen[4];

		run(n, steps[i]);
		assert_true(tree.whole);
		assert_int_equal(begun, 2); /* the words might have been the data */
		assert_int_equal(tree.image_count, 1);
		assert_int_equal(lb_fit_image(&tree, 0, &image), 0);
		assert_string_equal(image.name, "kernel-1");
		assert_true(image.inside && !image.behind);
		put_be(seen, wanted, 4);
		assert_memory_equal(image.seen->of[LB_FIT_CRC32], seen, 4);
		assert_int_equal(image.hash_count, 2);
		assert_int_equal(image.hash[0].method, LB_FIT_CRC32);
		assert_memory_equal(image.hash[0].want, "\1\2\3\4", 4);
		assert_int_equal(image.hash[1].method, LB_FIT_SHA1);
		assert_memory_equal(image.hash[1].want, "01234567890123456789", 20);
	}
}

static void tree__data_behind__say_where(void **state)
{
	struct lb_fit_image image;
	size_t n;

	begin_tree();
	token(1, "kernel-1");
	number(SIZE, 9000);
	number(OFFSET, 8);
	hash("sha256", "01234567890123456789012345678901", 32);
	token(2, NULL);
	token(1, "rootfs-1");
	number(POSITION, 7000);
	number(SIZE, 3000);
	token(2, NULL);
	token(2, NULL);
	token(1, "others");
	token(1, "x");
	number(POSITION, 7000);
	number(SIZE, 3000);
	token(2, NULL);
	n = end_tree();
	run(n, 1000);
	assert_int_equal(tree.image_count, 2);
	assert_int_equal(lb_fit_image(&tree, 0, &image), 0);
	assert_true(image.behind && !image.inside);
	assert_int_equal(image.at, (n + 3) / 4 * 4 + 8);
	assert_int_equal(image.size_bytes, 9000);
	assert_int_equal(image.hash_count, 1);
	assert_int_equal(lb_fit_image(&tree, 1, &image), 0);
	assert_int_equal(image.at, 7000);
	assert_int_equal(image.size_bytes, 3000);
	assert_int_equal(image.hash_count, 0);
}

static void hash__not_whole_or_not_known__is_told(void **state)
{
	static const struct {
		const char *algo;
		size_t value_bytes;
		int rc;
	} rows[] = {
		{"crc32", 4, 0},	 {"crc32", 5, LB_E(FORMAT)},  {"sha1", 4, LB_E(FORMAT)},
		{"sha256", 32, 0},	 {"sha512", 32, LB_E(UNSUP)}, {"crc3", 4, LB_E(UNSUP)},
		{NULL, 4, LB_E(FORMAT)}, {"crc32", 0, LB_E(FORMAT)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lb_fit_image image;

		begin_tree();
		token(1, "kernel-1");
		number(SIZE, 1);
		number(OFFSET, 0);
		token(1, "hash-1");
		if (rows[i].algo)
			value(ALGO, rows[i].algo, strlen(rows[i].algo) + 1);
		if (rows[i].value_bytes)
			value(VALUE, "0123456789012345678901234567890123456789",
			      rows[i].value_bytes);
		token(2, NULL);
		token(2, NULL);
		run(end_tree(), 50);
		assert_true(tree.whole);
		assert_int_equal(lb_fit_image(&tree, 0, &image), rows[i].rc);
		assert_int_equal(image.hash_count, rows[i].rc == 0);
	}
}

static void hash__of_no_data__is_told(void **state)
{
	struct lb_fit_image image;

	begin_tree();
	token(1, "kernel-1");
	hash("crc32", "\1\2\3\4", 4);
	token(2, NULL);
	run(end_tree(), 50);
	assert_int_equal(lb_fit_image(&tree, 0, &image), LB_E(FORMAT));
}

static void images__more_than_there_is_room_for__are_told(void **state)
{
	begin_tree();
	for (int i = 0; i <= LB_FIT_IMAGES_MAX; i++) {
		token(1, "x");
		hash("crc32", "\1\2\3\4", 4);
		token(2, NULL);
	}
	run(end_tree(), 50);
	assert_true(tree.whole && tree.more_images);
	assert_int_equal(tree.image_count, LB_FIT_IMAGES_MAX);
}

static void tree__structure_cut_anywhere__makes_no_sense(void **state)
{
	size_t n;
	uint32_t structure;

	begin_tree();
	token(1, "kernel-1");
	value(DATA, strings, sizeof(strings));
	hash("crc32", "\1\2\3\4", 4);
	token(2, NULL);
	n = end_tree();
	structure = (uint32_t)used - STRUCTURE_AT;
	for (uint32_t len = 0; len < structure; len++) {
		put_be(file + 36, len, 4);
		run(n, 64);
		assert_false(tree.whole);
		assert_int_equal(tree.error, LB_E(RANGE));
	}
	put_be(file + 36, structure, 4);
	run(n - 1, 64);
	assert_false(tree.whole || tree.error);
}

static void tree__nodes_that_do_not_match__makes_no_sense(void **state)
{
	begin_tree();
	token(2, NULL);
	token(2, NULL);
	token(2, NULL);
	run(end_tree(), 64);
	assert_int_equal(tree.error, LB_E(RANGE));
	begin_tree();
	for (int i = 0; i < 15; i++)
		token(1, "deep");
	run(end_tree(), 64);
	assert_int_equal(tree.error, LB_E(RANGE));
	begin_tree();
	token(5, NULL);
	run(end_tree(), 64);
	assert_int_equal(tree.error, LB_E(RANGE));
}

TESTS(unit(tree__data_inside__are_added_up_however_they_come), unit(tree__data_behind__say_where),
      unit(hash__not_whole_or_not_known__is_told), unit(hash__of_no_data__is_told),
      unit(images__more_than_there_is_room_for__are_told),
      unit(tree__structure_cut_anywhere__makes_no_sense),
      unit(tree__nodes_that_do_not_match__makes_no_sense))
