/* base/crc32.h - CRC-32 of IEEE 802.3: reflected polynomial 0xEDB88320, start and final XOR
 * 0xFFFFFFFF.
 *
 * libdeflate's, which uses what the processor has for it (carry-less multiplication, arm64's CRC
 * instructions): a boot sums up some 100 KB of recovery record, an image is summed up whole. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Feed a buffer; start with crc = 0 and pass the result on for the next piece. */
uint32_t lb_crc32(uint32_t crc, const void *data, size_t n);
