/* Images that boot loaders of many makers share. Source of the layouts: the facts on vendor
 * protocols, 8b. */
#include "base/crc32.h"
#include "image/formats.h"

#define UIMAGE_HEADER	64
#define UIMAGE_HCRC_AT	4
#define TRX_HEADER	28
#define TRX_SUMMED_FROM 12
#define UBI_EC_HEADER	64

/* The header's own checksum counts itself as 0. */
static uint32_t crc_with_hole(const uint8_t *p, size_t n, size_t hole_at)
{
	static const uint8_t zeros[4];
	uint32_t crc = lb_crc32(0, p, hole_at);

	crc = lb_crc32(crc, zeros, sizeof(zeros));
	return lb_crc32(crc, p + hole_at + sizeof(zeros), n - hole_at - sizeof(zeros));
}

int lb_parse_uimage(struct lb_image *out, struct lb_rd head)
{
	const uint8_t *header = lb_rd_take(&head, UIMAGE_HEADER);
	uint32_t hcrc, size, dcrc;
	struct lb_rd r;

	if (!header)
		return LB_E(TRUNC);
	r = lb_rd_init(header, UIMAGE_HEADER);
	(void)lb_rd_take(&r, UIMAGE_HCRC_AT);
	hcrc = lb_rd_be32(&r);
	(void)lb_rd_be32(&r); /* time */
	size = lb_rd_be32(&r);
	(void)lb_rd_take(&r, 8); /* load address, entry */
	dcrc = lb_rd_be32(&r);
	(void)lb_rd_take(&r, 4); /* system, machine, type, compression */
	lb_image_text(out->version, &r, 32);
	if (crc_with_hole(header, UIMAGE_HEADER, UIMAGE_HCRC_AT) != hcrc)
		return LB_E(CRC);
	if (size == 0)
		return LB_E(RANGE);
	out->length_bytes = UIMAGE_HEADER + (uint64_t)size;
	out->sum_count = 1;
	out->sums[0] = (struct lb_image_sum){LB_SUM_CRC32, UIMAGE_HEADER, out->length_bytes, dcrc};
	return 0;
}

int lb_parse_trx(struct lb_image *out, struct lb_rd head)
{
	uint32_t length, crc, version;
	bool beyond = false;

	(void)lb_rd_be32(&head);
	length = lb_rd_le32(&head);
	crc = lb_rd_le32(&head);
	version = lb_rd_le32(&head) >> 16;
	for (int part = 0; part < 3; part++)
		beyond = lb_rd_le32(&head) > length || beyond;
	if (head.bad)
		return LB_E(TRUNC);
	if (length < TRX_HEADER || beyond || version < 1 || version > 2)
		return LB_E(RANGE);
	out->length_bytes = length;
	out->sum_count = 1;
	out->sums[0] = (struct lb_image_sum){LB_SUM_CRC32_OPEN, TRX_SUMMED_FROM, length, crc};
	return 0;
}

/* Each erase block of a UBI image starts with such a header; the first one stands for all. */
int lb_parse_ubi(struct lb_image *out, struct lb_rd head)
{
	const size_t summed = UBI_EC_HEADER - 4;
	const uint8_t *header = lb_rd_take(&head, summed);
	uint32_t crc = lb_rd_be32(&head);

	if (head.bad)
		return LB_E(TRUNC);
	if (~lb_crc32(0, header, summed) != crc)
		return LB_E(CRC);
	out->length_bytes = UBI_EC_HEADER;
	return 0;
}
