/* tests/jffs2.h - node headers of JFFS2 in either byte order, made without the code under test. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define JFFS2_CLEANMARKER 0x2003
#define JFFS2_DIRENT	  0xE001
#define JFFS2_HEAD_BYTES  12

/* The kernel's crc32(0, p, n), bit by bit. */
static inline uint32_t jffs2_crc(const uint8_t *p, size_t n)
{
	uint32_t crc = 0;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
	}
	return crc;
}

static inline void jffs2_put(uint8_t *p, uint32_t v, int width, bool little)
{
	for (int i = 0; i < width; i++)
		p[i] = (uint8_t)(v >> 8 * (little ? i : width - 1 - i));
}

static inline void jffs2_head(uint8_t out[JFFS2_HEAD_BYTES], uint16_t type, uint32_t total_bytes,
			      bool little)
{
	jffs2_put(out, 0x1985, 2, little);
	jffs2_put(out + 2, type, 2, little);
	jffs2_put(out + 4, total_bytes, 4, little);
	jffs2_put(out + 8, jffs2_crc(out, 8), 4, little);
}

/* The byte order of this CPU, which is that of the kernel. */
static inline bool jffs2_native(void)
{
	const uint16_t one = 1;
	uint8_t first;

	memcpy(&first, &one, 1);
	return first == 1;
}
