#include "plan/safe_copy.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"

#define MAGIC	    "LBSAFE01"
#define MAGIC_BYTES 8
#define ZERO_BYTES  12
#define CRC_BYTES   (LB_SAFE_HEADER_BYTES - 4) /* what the CRC at the end is over */
#define LONGEST	    (1ull << 40)	       /* no arithmetic overflows below it */
#define WORD	    "root:"
#define DIGITS_MAX  19

void lb_safe_header_encode(const struct lb_safe_header *h, uint8_t out[LB_SAFE_HEADER_BYTES])
{
	struct lb_wr w = lb_wr_init(out, LB_SAFE_HEADER_BYTES);

	memset(out, 0, LB_SAFE_HEADER_BYTES);
	lb_wr_bytes(&w, MAGIC, MAGIC_BYTES);
	lb_wr_be(&w, h->archive_bytes, 8);
	lb_wr_bytes(&w, h->hash, LB_SAFE_HASH_BYTES);
	(void)lb_wr_take(&w, ZERO_BYTES);
	lb_wr_be(&w, lb_crc32(0, out, CRC_BYTES), 4);
}

int lb_safe_header_parse(struct lb_safe_header *out, const void *buf, size_t n)
{
	struct lb_rd r = lb_rd_init(buf, n);
	const uint8_t *magic = lb_rd_take(&r, MAGIC_BYTES), *hash;
	struct lb_safe_header h;

	if (n < LB_SAFE_HEADER_BYTES)
		return LB_E(TRUNC);
	if (memcmp(magic, MAGIC, MAGIC_BYTES) != 0)
		return LB_E(FORMAT);
	h.archive_bytes = lb_rd_be(&r, 8);
	hash = lb_rd_take(&r, LB_SAFE_HASH_BYTES);
	memcpy(h.hash, hash, LB_SAFE_HASH_BYTES);
	(void)lb_rd_take(&r, ZERO_BYTES);
	if (lb_rd_be32(&r) != lb_crc32(0, buf, CRC_BYTES))
		return LB_E(CRC);
	if (h.archive_bytes == 0 || h.archive_bytes > LONGEST)
		return LB_E(RANGE);
	*out = h;
	return 0;
}

uint64_t lb_safe_copy_end(uint64_t head_bytes, uint64_t block_bytes, uint64_t archive_bytes)
{
	if (archive_bytes > LONGEST || head_bytes > LONGEST || block_bytes == 0)
		return 0;
	return (head_bytes + LB_SAFE_HEADER_BYTES + archive_bytes + block_bytes - 1) / block_bytes *
	       block_bytes;
}

size_t lb_safe_place_encode(uint64_t overlay_bytes, char out[LB_SAFE_PLACE_MAX])
{
	if (overlay_bytes == 0)
		(void)snprintf(out, LB_SAFE_PLACE_MAX, WORD);
	else
		(void)snprintf(out, LB_SAFE_PLACE_MAX, WORD "%" PRIu64, overlay_bytes);
	return strlen(out);
}

/* One way to write a number: no leading zero. */
static bool take_number(struct lb_rd *r, uint64_t *out)
{
	uint64_t value = 0;

	if (lb_rd_left(r) > DIGITS_MAX)
		return false;
	while (lb_rd_left(r) > 0) {
		const uint8_t c = lb_rd_u8(r);

		if (c < '0' || c > '9' || (value == 0 && c == '0'))
			return false;
		value = value * 10 + (c - '0');
	}
	*out = value;
	return true;
}

int lb_safe_place_parse(uint64_t *overlay_bytes, const char *text, size_t n)
{
	struct lb_rd r = lb_rd_init(text, n);
	const uint8_t *word = lb_rd_take(&r, strlen(WORD));
	uint64_t value;

	if (!word || memcmp(word, WORD, strlen(WORD)) != 0 || !take_number(&r, &value))
		return LB_E(FORMAT);
	*overlay_bytes = value;
	return 0;
}
