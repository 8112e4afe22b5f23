/* The header of a GPT as bytes. */
#include "image/gpt_header.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"

#define HEADER_BYTES	 92
#define HEADER_BYTES_MAX 512
#define CRC_AT		 16
#define CRC_BYTES	 4
#define REVISION	 0x00010000u

static const char signature[8] = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};

/* The checksum is over the header with zeros in its own place. */
static uint32_t header_crc(const uint8_t *header, size_t n)
{
	static const uint8_t zeros[CRC_BYTES];
	uint32_t crc = lb_crc32(lb_crc32(0, header, CRC_AT), zeros, sizeof(zeros));

	return lb_crc32(crc, header + CRC_AT + CRC_BYTES, n - CRC_AT - CRC_BYTES);
}

int lb_gpt_header_parse(struct lb_gpt_header *out, const void *sector, size_t n)
{
	struct lb_rd r = lb_rd_init(sector, n);
	const uint8_t *mark = lb_rd_take(&r, sizeof(signature));
	struct lb_gpt_header h;
	uint32_t bytes, crc;
	const uint8_t *id;

	if (!mark)
		return LB_E(TRUNC);
	if (memcmp(mark, signature, sizeof(signature)) != 0)
		return LB_E(NOENT);
	(void)lb_rd_le32(&r); /* revision: there is one */
	bytes = lb_rd_le32(&r);
	crc = lb_rd_le32(&r);
	(void)lb_rd_le32(&r);
	h.at = lb_rd_le64(&r);
	h.other_at = lb_rd_le64(&r);
	h.first_usable = lb_rd_le64(&r);
	h.last_usable = lb_rd_le64(&r);
	id = lb_rd_take(&r, sizeof(h.disk_id));
	h.entries_at = lb_rd_le64(&r);
	h.entry_count = lb_rd_le32(&r);
	h.entry_bytes = lb_rd_le32(&r);
	h.entries_crc = lb_rd_le32(&r);
	if (!id || r.bad)
		return LB_E(TRUNC);
	if (bytes < HEADER_BYTES || bytes > HEADER_BYTES_MAX)
		return LB_E(RANGE);
	if (bytes > n)
		return LB_E(TRUNC);
	if (header_crc(sector, bytes) != crc)
		return LB_E(CRC);
	memcpy(h.disk_id, id, sizeof(h.disk_id));
	*out = h;
	return 0;
}

int lb_gpt_header_put(const struct lb_gpt_header *h, void *sector, size_t n)
{
	struct lb_wr w = lb_wr_init(sector, n);

	if (n < HEADER_BYTES)
		return LB_E(NOSPC);
	memset(sector, 0, n);
	lb_wr_bytes(&w, signature, sizeof(signature));
	lb_wr_le(&w, REVISION, 4);
	lb_wr_le(&w, HEADER_BYTES, 4);
	(void)lb_wr_take(&w, CRC_BYTES + 4);
	lb_wr_le(&w, h->at, 8);
	lb_wr_le(&w, h->other_at, 8);
	lb_wr_le(&w, h->first_usable, 8);
	lb_wr_le(&w, h->last_usable, 8);
	lb_wr_bytes(&w, h->disk_id, sizeof(h->disk_id));
	lb_wr_le(&w, h->entries_at, 8);
	lb_wr_le(&w, h->entry_count, 4);
	lb_wr_le(&w, h->entry_bytes, 4);
	lb_wr_le(&w, h->entries_crc, 4);
	w = lb_wr_init(sector, n);
	(void)lb_wr_take(&w, CRC_AT);
	lb_wr_le(&w, header_crc(sector, HEADER_BYTES), CRC_BYTES);
	return 0;
}
