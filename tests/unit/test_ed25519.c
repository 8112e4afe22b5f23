/* Ed25519 in pieces says what libsodium says of the whole message. */
#include "tests/t.h"

#include <stdio.h>

#include "install/ed25519.h"

#define MESSAGE_MAX 5000

static uint8_t message[MESSAGE_MAX], key[32], secret[64], signature[64];

static int check(size_t n, size_t step)
{
	struct lb_ed25519 e;

	assert_int_equal(lb_ed25519_begin(&e, key, signature), 0);
	for (size_t at = 0; at < n; at += step)
		lb_ed25519_feed(&e, message + at, n - at < step ? n - at : step);
	return lb_ed25519_end(&e);
}

static void from_hex(uint8_t *out, const char *text)
{
	for (size_t i = 0; text[2 * i]; i++) {
		unsigned v;

		assert_int_equal(sscanf(text + 2 * i, "%2x", &v), 1);
		out[i] = (uint8_t)v;
	}
}

static void make(size_t n)
{
	randombytes_buf(message, n);
	crypto_sign_keypair(key, secret);
	crypto_sign_detached(signature, NULL, message, n, secret);
}

/* RFC 8032, 7.1, tests 1 to 3 */
static void vectors__of_the_rfc__are_right(void **state)
{
	static const char *const rows[][3] = {
		{"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b4"
		 "6bd25bf5f0595bbe24655141438e7a100b"},
		{"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d"
		 "8c387b2eaeb4302aeeb00d291612bb0c00"},
		{"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6"
		 "594a7c15e9716ed28dc027beceea1ec40a"},
	};

	for (size_t i = 0; i < 3; i++) {
		from_hex(key, rows[i][0]);
		from_hex(message, rows[i][1]);
		from_hex(signature, rows[i][2]);
		assert_int_equal(check(strlen(rows[i][1]) / 2, 1), 0);
	}
}

static void signatures__of_messages_of_any_length__are_right_in_any_pieces(void **state)
{
	for (size_t n = 0; n < MESSAGE_MAX; n = n * 2 + 1) {
		make(n);
		assert_int_equal(check(n, n + 1), 0);
		assert_int_equal(check(n, 7), 0);
	}
}

static void each_bit_of_the_signature_and_key__changed__is_wrong(void **state)
{
	make(100);
	for (size_t bit = 0; bit < 64 * 8; bit++) {
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(check(100, 100), LB_E(AUTH));
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 32 * 8; bit++) {
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(check(100, 100), LB_E(AUTH));
		key[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(check(100, 100), 0);
}

static void each_byte_of_the_message__changed_or_cut__is_wrong(void **state)
{
	make(300);
	for (size_t at = 0; at < 300; at++) {
		message[at] ^= 1;
		assert_int_equal(check(300, 300), LB_E(AUTH));
		message[at] ^= 1;
		assert_int_equal(check(at, 300), LB_E(AUTH));
	}
}

/* S + L solves the same equation: a second form that libsodium refuses too. */
static void second_form_of_a_signature__is_refused(void **state)
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a,	      0x63,
					  0x12, 0x58, 0xd6, 0x9c, 0xf7,	      0xa2,
					  0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	unsigned carry = 0;

	make(10);
	for (size_t i = 0; i < 32; i++) {
		carry += signature[32 + i] + order[i];
		signature[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_int_not_equal(crypto_sign_verify_detached(signature, message, 10, key), 0);
	assert_int_equal(check(10, 10), LB_E(AUTH));
}

static void solve_for_neutral_r(size_t n)
{
	crypto_hash_sha512_state state;
	uint8_t wide[64], h[32], secret_scalar[64] = {0}, a[32];

	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, signature, 32);
	crypto_hash_sha512_update(&state, key, 32);
	crypto_hash_sha512_update(&state, message, n);
	crypto_hash_sha512_final(&state, wide);
	crypto_core_ed25519_scalar_reduce(h, wide);
	crypto_sign_ed25519_sk_to_curve25519(secret_scalar, secret);
	crypto_core_ed25519_scalar_reduce(a, secret_scalar);
	crypto_core_ed25519_scalar_mul(signature + 32, h, a);
}

/* With such a key one signature fits every message. */
static void points_of_small_order__as_key_or_r__are_refused(void **state)
{
	static const uint8_t neutral[32] = {1};

	make(10);
	memcpy(key, neutral, 32);
	memcpy(signature, neutral, 32);
	memset(signature + 32, 0, 32);
	assert_int_equal(check(10, 10), LB_E(AUTH));
	/* R = 0 and S = h a solves the equation: whoever has the key can sign so, and libsodium
	 * refuses it. */
	make(10);
	memcpy(signature, neutral, 32);
	solve_for_neutral_r(10);
	assert_int_not_equal(crypto_sign_verify_detached(signature, message, 10, key), 0);
	assert_int_equal(check(10, 10), LB_E(AUTH));
}

static void random_signatures__libsodium_and_we__agree(void **state)
{
	for (int i = 0; i < 300; i++) {
		make(64);
		if (i % 3)
			randombytes_buf(signature + randombytes_uniform(64), 1);
		if (i % 5 == 4)
			randombytes_buf(key + randombytes_uniform(32), 1);
		assert_int_equal(check(64, 13) == 0,
				 crypto_sign_verify_detached(signature, message, 64, key) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		unit(vectors__of_the_rfc__are_right),
		unit(signatures__of_messages_of_any_length__are_right_in_any_pieces),
		unit(each_bit_of_the_signature_and_key__changed__is_wrong),
		unit(each_byte_of_the_message__changed_or_cut__is_wrong),
		unit(second_form_of_a_signature__is_refused),
		unit(points_of_small_order__as_key_or_r__are_refused),
		unit(random_signatures__libsodium_and_we__agree),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(all, NULL, NULL);
}
