/* A partition table as a GPT: entries, both headers, and its place at the end of the disk. */
#include "image/gpt.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"
#include "image/gpt_header.h"

#define ENTRY_PLACE_AT 32 /* first and last sector, 8 bytes each */
#define ENTRY_REST_AT  48
#define MBR_BYTES      512
#define MBR_TABLE_AT   446
#define MBR_ENTRY      16
#define MBR_PARTS      4
#define MBR_TYPE_GPT   0xEE

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
	struct lb_gpt_header h = {
		.at = primary ? 1 : t->backup_at,
		.other_at = primary ? t->backup_at : 1,
		.first_usable = t->first_usable,
		.last_usable = t->last_usable,
		.entries_at = primary ? t->entries_at : t->backup_at - entries_sectors,
		.entry_count = t->entry_count,
		.entry_bytes = LB_PTABLE_ENTRY_BYTES,
		.entries_crc = entries_crc(t),
	};

	if (n < t->sector_bytes)
		return LB_E(NOSPC);
	memcpy(h.disk_id, t->disk_id, sizeof(h.disk_id));
	return lb_gpt_header_put(&h, out, t->sector_bytes);
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
