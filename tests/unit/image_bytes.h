/* tests/unit/image_bytes.h - bytes of images, put together by hand: not by what is tested. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bit by bit, so that it shares nothing with base/crc32.c. Without the inversion at the end. */
static inline uint32_t open_crc(const uint8_t *p, size_t n)
{
	uint32_t crc = 0xFFFFFFFF;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
	}
	return crc;
}

static inline void put_be(uint8_t *p, uint64_t v, size_t width)
{
	for (size_t i = width; i > 0; i--, v >>= 8)
		p[i - 1] = (uint8_t)v;
}

static inline void put_le(uint8_t *p, uint64_t v, size_t width)
{
	for (size_t i = 0; i < width; i++, v >>= 8)
		p[i] = (uint8_t)v;
}

static inline void put_text(uint8_t *p, const char *text)
{
	memcpy(p, text, strlen(text));
}

/* What stands around the fields that are read must not matter. */
static inline void put_noise(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + 1);
}

/* In memory of exactly n bytes, so that a look behind its end is seen. */
static inline void *exactly(const void *p, size_t n)
{
	void *copy = malloc(n ? n : 1);

	if (!copy)
		abort();
	memcpy(copy, p, n);
	return copy;
}

/* A ustar header with a right checksum. */
static inline void put_tar_header(uint8_t block[512], const char *name, uint64_t size, char type)
{
	unsigned sum = 0;

	memset(block, 0, 512);
	put_text(block, name);
	put_text(block + 100, "0000644");
	for (int i = 0; i < 11; i++)
		block[124 + 10 - i] = (uint8_t)('0' + (size >> (3 * i) & 7));
	block[156] = (uint8_t)type;
	memcpy(block + 257, "ustar\00000", 8);
	memset(block + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += block[i];
	for (int i = 0; i < 6; i++)
		block[148 + 5 - i] = (uint8_t)('0' + (sum >> (3 * i) & 7));
	block[154] = 0;
}

/* A block of OpenWrt's trailer chain behind the first `used` bytes of `file`; a firmware's metadata
 * (type 1) has a header. The length with it. */
static inline size_t put_fwtool_block(uint8_t *file, size_t used, uint8_t type, const char *payload,
				      size_t n)
{
	const size_t start = used;

	if (type == 1) {
		memset(file + used, 0, 8);
		used += 8;
	}
	memcpy(file + used, payload, n);
	used += n;
	put_text(file + used, "FWx0");
	put_be(file + used + 4, open_crc(file, used), 4);
	put_be(file + used + 8, (uint64_t)type << 24, 4);
	put_be(file + used + 12, used + 16 - start, 4);
	return used + 16;
}
