/* tests/gpt.h - the header of a GPT, put together by hand: not by what is tested. */
#pragma once

#include "tests/unit/image_bytes.h"

/* Into an empty sector, the `at`th of a disk; its entries, of 128 bytes, stand where they belong.
 */
static inline void put_gpt_header(uint8_t *h, uint64_t sectors, uint64_t at, uint64_t other_at,
				  uint64_t entries_at, const uint8_t *entries, unsigned numbers)
{
	memcpy(h, "EFI PART", 8);
	put_le(h + 8, 0x10000, 4);
	put_le(h + 12, 92, 4);
	put_le(h + 16, 0, 4);
	put_le(h + 24, at, 8);
	put_le(h + 32, other_at, 8);
	put_le(h + 40, 34, 8);
	put_le(h + 48, sectors - 34, 8);
	memset(h + 56, 0xD1, 16);
	put_le(h + 72, entries_at, 8);
	put_le(h + 80, numbers, 4);
	put_le(h + 84, 128, 4);
	put_le(h + 88, open_crc(entries, numbers * 128) ^ 0xFFFFFFFF, 4);
	put_le(h + 16, open_crc(h, 92) ^ 0xFFFFFFFF, 4);
}
