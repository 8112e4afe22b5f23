#include "tests/t.h"

#include <stdlib.h>

#include "install/hash.h"

#define BYTES 5000

static uint8_t data[BYTES];

static void fill(void)
{
	for (size_t i = 0; i < BYTES; i++)
		data[i] = (uint8_t)(i * 31 + (i >> 7));
	assert_true(sodium_init() >= 0);
}

static void expect_same(const size_t *pieces, size_t count)
{
	crypto_hash_sha256_state ours, theirs;
	uint8_t a[crypto_hash_sha256_BYTES], b[crypto_hash_sha256_BYTES];
	size_t at = 0;

	(void)crypto_hash_sha256_init(&ours);
	(void)crypto_hash_sha256_init(&theirs);
	for (size_t i = 0; i < count; i++) {
		lb_sha256_update(&ours, data + at, pieces[i]);
		(void)crypto_hash_sha256_update(&theirs, data + at, pieces[i]);
		at += pieces[i];
	}
	(void)crypto_hash_sha256_final(&ours, a);
	(void)crypto_hash_sha256_final(&theirs, b);
	assert_memory_equal(a, b, sizeof(a));
}

static void sha256__each_length__as_libsodium(void **state)
{
	fill();
	for (size_t n = 0; n < 300; n++)
		expect_same(&n, 1);
	expect_same((size_t[]){BYTES}, 1);
}

static void sha256__any_two_pieces__as_libsodium(void **state)
{
	fill();
	for (size_t first = 0; first < 140; first++)
		for (size_t second = 0; second < 140; second++)
			expect_same((size_t[]){first, second}, 2);
}

static void sha256__many_pieces_of_any_size__as_libsodium(void **state)
{
	fill();
	srand(1);
	for (int round = 0; round < 2000; round++) {
		size_t pieces[16], left = BYTES;

		for (size_t i = 0; i < 16; i++) {
			pieces[i] = (size_t)rand() % (left / 4 + 1);
			left -= pieces[i];
		}
		expect_same(pieces, 16);
	}
}

static void sha256__three_letters__as_fips_180_4_says(void **state)
{
	static const uint8_t want[4] = {0xba, 0x78, 0x16, 0xbf};
	crypto_hash_sha256_state s;
	uint8_t out[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256_init(&s);
	lb_sha256_update(&s, "abc", 3);
	(void)crypto_hash_sha256_final(&s, out);
	assert_memory_equal(out, want, sizeof(want));
}

TESTS(unit(sha256__each_length__as_libsodium), unit(sha256__any_two_pieces__as_libsodium),
      unit(sha256__many_pieces_of_any_size__as_libsodium),
      unit(sha256__three_letters__as_fips_180_4_says))
