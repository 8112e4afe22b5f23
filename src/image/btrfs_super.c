#include "image/btrfs_super.h"

#include <string.h>

#include "base/bytes.h"

#define MAGIC	   "_BHRfS_M"
#define FSID_AT	   32 /* behind the checksum, which is over all that follows */
#define SUM_BYTES  4
#define PLACE_AT   48
#define TYPE_AT	   196 /* u16: how it is summed up */
#define SUM_CRC32C 0

/* Castagnoli's polynomial, reflected. Bit by bit will do: it is used on a few blocks a boot. */
static uint32_t crc32c(const uint8_t *p, size_t n)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
	}
	return ~crc;
}

static uint32_t sum_of(const uint8_t *block)
{
	return crc32c(block + FSID_AT, LB_BTRFS_SUPER_BYTES - FSID_AT);
}

int lb_btrfs_super_parse(struct lb_btrfs_super *out, const void *block, size_t n)
{
	struct lb_rd sum = lb_rd_init(block, n), type = lb_rd_init(block, n), r;
	struct lb_btrfs_super s;
	const uint8_t *fsid, *magic;

	if (n < LB_BTRFS_SUPER_BYTES)
		return LB_E(TRUNC);
	r = sum;
	(void)lb_rd_take(&r, FSID_AT);
	fsid = lb_rd_take(&r, LB_BTRFS_FSID_BYTES);
	s.at_bytes = lb_rd_le64(&r);
	(void)lb_rd_take(&r, 8); /* flags */
	magic = lb_rd_take(&r, strlen(MAGIC));
	s.generation = lb_rd_le64(&r);
	if (!fsid || !magic || memcmp(magic, MAGIC, strlen(MAGIC)) != 0)
		return LB_E(FORMAT);
	(void)lb_rd_take(&type, TYPE_AT);
	if (lb_rd_le(&type, 2) != SUM_CRC32C)
		return LB_E(UNSUP);
	memcpy(s.fsid, fsid, sizeof(s.fsid));
	*out = s;
	return lb_rd_le32(&sum) == sum_of(block) ? 0 : LB_E(CRC);
}

bool lb_btrfs_super_replaces(const struct lb_btrfs_super *copy, const struct lb_btrfs_super *torn)
{
	const uint64_t a = copy->generation, b = torn->generation;

	return memcmp(copy->fsid, torn->fsid, sizeof(copy->fsid)) == 0 &&
	       (a > b ? a - b : b - a) <= 1;
}

static void put_le(uint8_t *at, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

void lb_btrfs_super_move(uint8_t block[LB_BTRFS_SUPER_BYTES], uint64_t at_bytes)
{
	put_le(block + PLACE_AT, at_bytes, 8);
	put_le(block, sum_of(block), SUM_BYTES);
}
