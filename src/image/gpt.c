/* Headers and entries of a GPT, and its place at the end of the disk. */
#include "image/gpt.h"

#include <string.h>

#include "base/crc32.h"

#define HEADER_BYTES	 92
#define HEADER_BYTES_MAX 512
#define CRC_AT		 16
#define CRC_BYTES	 4
#define REVISION	 0x00010000u
#define ENTRY_PLACE_AT	 32 /* first and last sector, 8 bytes each */
#define ENTRY_REST_AT	 48
#define MBR_BYTES	 512
#define MBR_TABLE_AT	 446
#define MBR_ENTRY	 16
#define MBR_PARTS	 4
#define MBR_TYPE_GPT	 0xEE

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

size_t lb_gpt_entries_bytes(const struct lb_ptable *t)
{
	const size_t bytes = (size_t)t->entry_count * LB_PTABLE_ENTRY_BYTES;

	return (bytes + t->sector_bytes - 1) / t->sector_bytes * t->sector_bytes;
}

int lb_gpt_fit(struct lb_ptable *t, uint64_t disk_sectors)
{
	const uint64_t backup_sectors = lb_gpt_entries_bytes(t) / t->sector_bytes + 1;

	if (disk_sectors <= backup_sectors || lb_ptable_end(t) > disk_sectors - backup_sectors ||
	    t->first_usable >= disk_sectors - backup_sectors)
		return LB_E(NOSPC);
	t->backup_at = disk_sectors - 1;
	t->last_usable = disk_sectors - backup_sectors - 1;
	return 0;
}

static void put_entry(struct lb_wr *w, const struct lb_part *part)
{
	lb_wr_bytes(w, part->entry, ENTRY_PLACE_AT);
	lb_wr_le(w, part->first, 8);
	lb_wr_le(w, part->last, 8);
	lb_wr_bytes(w, part->entry + ENTRY_REST_AT, LB_PTABLE_ENTRY_BYTES - ENTRY_REST_AT);
}

int lb_gpt_put_entries(const struct lb_ptable *t, void *out, size_t n)
{
	const size_t bytes = lb_gpt_entries_bytes(t);

	if (n < bytes)
		return LB_E(NOSPC);
	memset(out, 0, bytes);
	for (size_t i = 0; i < t->count; i++) {
		struct lb_wr w = lb_wr_init(out, bytes);

		(void)lb_wr_take(&w, (size_t)(t->part[i].number - 1) * LB_PTABLE_ENTRY_BYTES);
		put_entry(&w, &t->part[i]);
	}
	return 0;
}

/* Over the entries alone, without the zeros that fill their last sector. */
static uint32_t entries_crc(const struct lb_ptable *t)
{
	uint32_t crc = 0;
	size_t used = 0;

	for (unsigned number = 1; number <= t->entry_count; number++) {
		uint8_t entry[LB_PTABLE_ENTRY_BYTES] = {0};
		struct lb_wr w = lb_wr_init(entry, sizeof(entry));

		if (used < t->count && t->part[used].number == number)
			put_entry(&w, &t->part[used++]);
		crc = lb_crc32(crc, entry, sizeof(entry));
	}
	return crc;
}

int lb_gpt_put_header(const struct lb_ptable *t, enum lb_gpt_copy copy, void *out, size_t n)
{
	const bool primary = copy == LB_GPT_PRIMARY;
	const uint64_t entries_sectors = lb_gpt_entries_bytes(t) / t->sector_bytes;
	struct lb_wr w = lb_wr_init(out, t->sector_bytes);

	if (n < t->sector_bytes)
		return LB_E(NOSPC);
	memset(out, 0, t->sector_bytes);
	lb_wr_bytes(&w, signature, sizeof(signature));
	lb_wr_le(&w, REVISION, 4);
	lb_wr_le(&w, HEADER_BYTES, 4);
	(void)lb_wr_take(&w, CRC_BYTES + 4);
	lb_wr_le(&w, primary ? 1 : t->backup_at, 8);
	lb_wr_le(&w, primary ? t->backup_at : 1, 8);
	lb_wr_le(&w, t->first_usable, 8);
	lb_wr_le(&w, t->last_usable, 8);
	lb_wr_bytes(&w, t->disk_id, sizeof(t->disk_id));
	lb_wr_le(&w, primary ? t->entries_at : t->backup_at - entries_sectors, 8);
	lb_wr_le(&w, t->entry_count, 4);
	lb_wr_le(&w, LB_PTABLE_ENTRY_BYTES, 4);
	lb_wr_le(&w, entries_crc(t), 4);
	w = lb_wr_init(out, t->sector_bytes);
	(void)lb_wr_take(&w, CRC_AT);
	lb_wr_le(&w, header_crc(out, HEADER_BYTES), CRC_BYTES);
	return 0;
}

void lb_gpt_protect(void *sector, uint64_t disk_sectors)
{
	struct lb_rd r = lb_rd_init(sector, MBR_BYTES);
	size_t protects_at = 0;

	(void)lb_rd_take(&r, MBR_TABLE_AT);
	for (size_t i = 0; i < MBR_PARTS; i++) {
		struct lb_rd e = lb_rd_sub(&r, MBR_ENTRY);
		uint8_t type;

		(void)lb_rd_take(&e, 4);
		type = lb_rd_u8(&e);
		(void)lb_rd_take(&e, 3);
		if (type == MBR_TYPE_GPT && lb_rd_le32(&e) == 1 && protects_at == 0)
			protects_at = MBR_TABLE_AT + i * MBR_ENTRY;
		else if (type != 0)
			return;
	}
	if (protects_at > 0 && disk_sectors > 1) {
		struct lb_wr w = lb_wr_init(sector, MBR_BYTES);

		(void)lb_wr_take(&w, protects_at + MBR_ENTRY - 4);
		lb_wr_le(&w, disk_sectors - 1 > UINT32_MAX ? UINT32_MAX : disk_sectors - 1, 4);
	}
}
