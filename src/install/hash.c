#include "install/hash.h"

#include <stdbool.h>
#include <stdint.h>

#define BLOCK_BYTES 64

#if defined(__x86_64__) || defined(__aarch64__)
/* FIPS 180-4, 4.2.2. */
static const _Alignas(16) uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};
#endif

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

static bool has_instructions(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_SHA))
		return false;
	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) && (c & bit_SSSE3);
}

/* Four rounds: the instruction takes two at a time, from the low half. */
WITH_SHA static inline void four_rounds(__m128i *abef, __m128i *cdgh, __m128i words, size_t round)
{
	const __m128i sum = _mm_add_epi32(words, _mm_load_si128((const __m128i *)(k + round)));

	*cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sum);
	*abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(sum, 0x0E));
}

/* The next four words of the schedule, from the sixteen before them. */
WITH_SHA static inline __m128i next_words(__m128i w0, __m128i w4, __m128i w8, __m128i w12)
{
	const __m128i sum =
		_mm_add_epi32(_mm_sha256msg1_epu32(w0, w4), _mm_alignr_epi8(w12, w8, 4));

	return _mm_sha256msg2_epu32(sum, w12);
}

WITH_SHA static inline void one_block(__m128i *abef, __m128i *cdgh, const uint8_t *data)
{
	const __m128i swap = _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
	const __m128i was_abef = *abef, was_cdgh = *cdgh;
	__m128i w[4];

#pragma GCC unroll 4
	for (size_t i = 0; i < 4; i++) {
		w[i] = _mm_loadu_si128((const __m128i *)(data + 16 * i));
		w[i] = _mm_shuffle_epi8(w[i], swap);
		four_rounds(abef, cdgh, w[i], 4 * i);
	}
#pragma GCC unroll 12
	for (size_t i = 4; i < 16; i++) {
		w[i % 4] = next_words(w[i % 4], w[(i + 1) % 4], w[(i + 2) % 4], w[(i + 3) % 4]);
		four_rounds(abef, cdgh, w[i % 4], 4 * i);
	}
	*abef = _mm_add_epi32(*abef, was_abef);
	*cdgh = _mm_add_epi32(*cdgh, was_cdgh);
}

/* The instructions keep the eight words of the state as A, B, E, F and C, D, G, H. */
WITH_SHA static void blocks(uint32_t state[8], const uint8_t *data, size_t count)
{
	const __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0x1B);
	const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
	__m128i abef = _mm_unpackhi_epi64(efgh, abcd), cdgh = _mm_unpacklo_epi64(efgh, abcd);

	for (size_t i = 0; i < count; i++)
		one_block(&abef, &cdgh, data + i * BLOCK_BYTES);
	_mm_storeu_si128((__m128i *)state, _mm_shuffle_epi32(_mm_unpackhi_epi64(cdgh, abef), 0x1B));
	_mm_storeu_si128((__m128i *)(state + 4),
			 _mm_shuffle_epi32(_mm_unpacklo_epi64(cdgh, abef), 0x1B));
}

#elif defined(__aarch64__)

#include <arm_neon.h>
#include <sys/auxv.h>

#ifndef HWCAP_SHA2
#define HWCAP_SHA2 (1 << 6)
#endif

#define WITH_SHA __attribute__((target("+crypto")))

static bool has_instructions(void)
{
	return getauxval(AT_HWCAP) & HWCAP_SHA2;
}

WITH_SHA static inline void four_rounds(uint32x4_t *abcd, uint32x4_t *efgh, uint32x4_t words,
					size_t round)
{
	const uint32x4_t sum = vaddq_u32(words, vld1q_u32(k + round));
	const uint32x4_t before = *abcd;

	*abcd = vsha256hq_u32(*abcd, *efgh, sum);
	*efgh = vsha256h2q_u32(*efgh, before, sum);
}

WITH_SHA static inline void one_block(uint32x4_t *abcd, uint32x4_t *efgh, const uint8_t *data)
{
	const uint32x4_t was_abcd = *abcd, was_efgh = *efgh;
	uint32x4_t w[4];

	for (size_t i = 0; i < 4; i++) {
		w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
		four_rounds(abcd, efgh, w[i], 4 * i);
	}
	for (size_t i = 4; i < 16; i++) {
		w[i % 4] = vsha256su1q_u32(vsha256su0q_u32(w[i % 4], w[(i + 1) % 4]),
					   w[(i + 2) % 4], w[(i + 3) % 4]);
		four_rounds(abcd, efgh, w[i % 4], 4 * i);
	}
	*abcd = vaddq_u32(*abcd, was_abcd);
	*efgh = vaddq_u32(*efgh, was_efgh);
}

WITH_SHA static void blocks(uint32_t state[8], const uint8_t *data, size_t count)
{
	uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);

	for (size_t i = 0; i < count; i++)
		one_block(&abcd, &efgh, data + i * BLOCK_BYTES);
	vst1q_u32(state, abcd);
	vst1q_u32(state + 4, efgh);
}

#else

static bool has_instructions(void)
{
	return false;
}

static void blocks(uint32_t state[8], const uint8_t *data, size_t count)
{
}

#endif

void lb_sha256_update(crypto_hash_sha256_state *s, const void *data, size_t n)
{
	const uint8_t *bytes = data;
	const size_t held = (size_t)(s->count >> 3) % BLOCK_BYTES; /* it counts bits */
	size_t first = held ? BLOCK_BYTES - held : 0, whole;

	if (n < first + BLOCK_BYTES || !has_instructions()) {
		(void)crypto_hash_sha256_update(s, bytes, n);
		return;
	}
	(void)crypto_hash_sha256_update(s, bytes, first);
	whole = (n - first) / BLOCK_BYTES;
	blocks(s->state, bytes + first, whole);
	s->count += (uint64_t)whole * BLOCK_BYTES * 8;
	first += whole * BLOCK_BYTES;
	(void)crypto_hash_sha256_update(s, bytes + first, n - first);
}
