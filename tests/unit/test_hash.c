/* libcrypto's hashes, which the processor decides about, are libsodium's. */
#include "tests/t.h"

#include <sodium.h>
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
	uint8_t a[LB_SHA512_SIZE], b[LB_SHA512_SIZE];
	struct lb_sha256 s256;
	struct lb_sha512 s512;
	size_t at = 0;

	lb_sha256_begin(&s256);
	lb_sha512_begin(&s512);
	for (size_t i = 0; i < count; i++) {
		lb_sha256_feed(&s256, data + at, pieces[i]);
		lb_sha512_feed(&s512, data + at, pieces[i]);
		at += pieces[i];
	}
	lb_sha256_end(&s256, a);
	(void)crypto_hash_sha256(b, data, at);
	assert_memory_equal(a, b, LB_SHA256_SIZE);
	lb_sha512_end(&s512, a);
	(void)crypto_hash_sha512(b, data, at);
	assert_memory_equal(a, b, LB_SHA512_SIZE);
}

static void hash__each_length__as_libsodium(void **state)
{
	fill();
	for (size_t n = 0; n < 600; n++)
		expect_same(&n, 1);
	expect_same((size_t[]){BYTES}, 1);
}

static void hash__any_two_pieces__as_libsodium(void **state)
{
	fill();
	for (size_t first = 0; first < 140; first++)
		for (size_t second = 0; second < 140; second++)
			expect_same((size_t[]){first, second}, 2);
}

static void hash__many_pieces_of_any_size__as_libsodium(void **state)
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

static void hash__a_copy_of_its_state__goes_on(void **state)
{
	uint8_t a[LB_SHA256_SIZE], b[LB_SHA256_SIZE];
	struct lb_sha256 s, copy;

	fill();
	lb_sha256_begin(&s);
	lb_sha256_feed(&s, data, 100);
	copy = s;
	lb_sha256_end(&copy, a);
	(void)crypto_hash_sha256(b, data, 100);
	assert_memory_equal(a, b, sizeof(a));
	lb_sha256_feed(&s, data + 100, BYTES - 100);
	lb_sha256_end(&s, a);
	(void)crypto_hash_sha256(b, data, BYTES);
	assert_memory_equal(a, b, sizeof(a));
}

TESTS(unit(hash__each_length__as_libsodium), unit(hash__any_two_pieces__as_libsodium),
      unit(hash__many_pieces_of_any_size__as_libsodium), unit(hash__a_copy_of_its_state__goes_on))
