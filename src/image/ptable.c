#include "image/ptable.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"
#include "image/gpt_header.h"

#define MBR_BYTES    512
#define MBR_ID_AT    440
#define MBR_TABLE_AT 446
#define MBR_PARTS    4
#define MBR_ENTRY    16
#define MBR_TYPE_GPT 0xEE

static bool has_end_mark(const uint8_t *sector)
{
	return sector[MBR_BYTES - 2] == 0x55 && sector[MBR_BYTES - 1] == 0xAA;
}

/* 0, or LB_E(NOENT): boot sectors of file systems end in the same two bytes. */
static int parse_mbr(struct lb_ptable *out, const uint8_t *sector)
{
	struct lb_rd r = lb_rd_init(sector, MBR_BYTES);

	(void)lb_rd_take(&r, MBR_ID_AT);
	memcpy(out->disk_id, lb_rd_take(&r, 4), 4);
	(void)lb_rd_take(&r, MBR_TABLE_AT - MBR_ID_AT - 4);
	for (unsigned i = 0; i < MBR_PARTS; i++) {
		struct lb_part part = {.number = i + 1};
		struct lb_rd e = lb_rd_sub(&r, MBR_ENTRY);
		uint8_t active, type;
		uint64_t sectors;

		memcpy(part.entry, e.p, MBR_ENTRY);
		active = lb_rd_u8(&e);
		(void)lb_rd_take(&e, 3);
		type = lb_rd_u8(&e);
		(void)lb_rd_take(&e, 3);
		part.first = lb_rd_le32(&e);
		sectors = lb_rd_le32(&e);
		if ((active & 0x7F) != 0 || (type != 0 && (part.first == 0 || sectors == 0)))
			return LB_E(NOENT);
		if (type == 0)
			continue;
		part.last = part.first + sectors - 1;
		out->part[out->count++] = part;
	}
	return out->count > 0 ? 0 : LB_E(NOENT);
}

static bool protects_gpt(const struct lb_ptable *mbr)
{
	for (size_t i = 0; i < mbr->count; i++)
		if (mbr->part[i].entry[4] == MBR_TYPE_GPT && mbr->part[i].first == 1)
			return true;
	return false;
}

static bool overlap(const struct lb_part *a, const struct lb_part *b)
{
	return a->first <= b->last && b->first <= a->last;
}

static bool any_overlap(const struct lb_ptable *t)
{
	for (size_t i = 0; i < t->count; i++)
		for (size_t k = 0; k < i; k++)
			if (overlap(&t->part[i], &t->part[k]))
				return true;
	return false;
}

static int parse_entries(struct lb_ptable *t, struct lb_rd entries)
{
	static const uint8_t unused[LB_PTABLE_ID_BYTES];

	for (unsigned i = 0; i < t->entry_count; i++) {
		struct lb_part *part = &t->part[t->count];
		const uint8_t *entry = lb_rd_take(&entries, LB_PTABLE_ENTRY_BYTES);
		struct lb_rd r;

		if (!entry)
			return LB_E(TRUNC);
		if (memcmp(entry, unused, sizeof(unused)) == 0)
			continue;
		r = lb_rd_init(entry, LB_PTABLE_ENTRY_BYTES);
		(void)lb_rd_take(&r, 32); /* type, identity */
		part->number = i + 1;
		part->first = lb_rd_le64(&r);
		part->last = lb_rd_le64(&r);
		memcpy(part->entry, entry, LB_PTABLE_ENTRY_BYTES);
		if (part->first < t->first_usable || part->last > t->last_usable ||
		    part->first > part->last)
			return LB_E(RANGE);
		t->count++;
	}
	return any_overlap(t) ? LB_E(RANGE) : 0;
}

/* `from`: where the entries are, in bytes from the start of `r`. */
static int take_entries(struct lb_ptable *t, const struct lb_gpt_header *h, struct lb_rd r,
			uint64_t from)
{
	const size_t n = (size_t)h->entry_count * LB_PTABLE_ENTRY_BYTES;
	const uint8_t *entries;

	if (from > lb_rd_left(&r))
		return LB_E(TRUNC);
	(void)lb_rd_take(&r, (size_t)from);
	entries = lb_rd_take(&r, n);
	if (!entries)
		return LB_E(TRUNC);
	if (lb_crc32(0, entries, n) != h->entries_crc)
		return LB_E(CRC);
	return parse_entries(t, lb_rd_init(entries, n));
}

/* What holds for both copies. */
static int take_header(struct lb_ptable *t, const struct lb_gpt_header *h, uint32_t sector_bytes)
{
	if (h->entry_bytes != LB_PTABLE_ENTRY_BYTES || h->entry_count == 0 ||
	    h->entry_count > LB_PTABLE_PARTS_MAX)
		return LB_E(UNSUP);
	/* Sizes are 64 bits of bytes: no sector may lie behind that. */
	if (h->first_usable > h->last_usable || h->last_usable >= UINT64_MAX / sector_bytes / 2 ||
	    h->entries_at >= UINT64_MAX / sector_bytes / 2)
		return LB_E(RANGE);
	*t = (struct lb_ptable){.kind = LB_PTABLE_GPT,
				.sector_bytes = sector_bytes,
				.first_usable = h->first_usable,
				.last_usable = h->last_usable,
				.entry_count = h->entry_count};
	memcpy(t->disk_id, h->disk_id, sizeof(t->disk_id));
	return 0;
}

static int parse_gpt(struct lb_ptable *out, const uint8_t *head, size_t n, uint32_t sector_bytes)
{
	struct lb_rd r = lb_rd_init(head, n);
	struct lb_gpt_header h;
	int rc;

	(void)lb_rd_take(&r, sector_bytes);
	rc = lb_gpt_header_parse(&h, r.p, lb_rd_left(&r));
	if (rc < 0)
		return rc;
	if (h.at != 1 || h.entries_at < 2)
		return LB_E(RANGE);
	rc = take_header(out, &h, sector_bytes);
	if (rc < 0)
		return rc;
	out->backup_at = h.other_at;
	out->entries_at = h.entries_at;
	return take_entries(out, &h, lb_rd_init(head, n), h.entries_at * sector_bytes);
}

static bool is_sector_size(uint32_t n)
{
	return n >= LB_PTABLE_SECTOR_MIN && n <= LB_PTABLE_SECTOR_MAX && (n & (n - 1)) == 0;
}

int lb_ptable_parse(struct lb_ptable *out, const void *head, size_t n, uint32_t sector_bytes)
{
	struct lb_ptable t = {.kind = LB_PTABLE_MBR, .sector_bytes = sector_bytes};
	int rc;

	if (!is_sector_size(sector_bytes))
		return LB_E(UNSUP);
	if (n < MBR_BYTES)
		return LB_E(TRUNC);
	rc = has_end_mark(head) ? parse_mbr(&t, head) : LB_E(NOENT);
	if (rc == 0 && protects_gpt(&t))
		rc = n < 2 * (size_t)sector_bytes ? LB_E(TRUNC)
						  : parse_gpt(&t, head, n, sector_bytes);
	else if (rc == 0 && any_overlap(&t))
		rc = LB_E(RANGE);
	if (rc == 0)
		*out = t;
	return rc;
}

int lb_ptable_parse_backup(struct lb_ptable *out, const void *tail, size_t n, uint32_t sector_bytes,
			   uint64_t disk_sectors)
{
	struct lb_rd r = lb_rd_init(tail, n);
	struct lb_gpt_header h;
	struct lb_ptable t;
	uint64_t begins;
	int rc;

	if (!is_sector_size(sector_bytes))
		return LB_E(UNSUP);
	if (n < sector_bytes || n % sector_bytes != 0 || disk_sectors < n / sector_bytes)
		return LB_E(TRUNC);
	(void)lb_rd_take(&r, n - sector_bytes);
	rc = lb_gpt_header_parse(&h, r.p, sector_bytes);
	if (rc < 0)
		return rc;
	begins = disk_sectors - n / sector_bytes;
	if (h.at != disk_sectors - 1 || h.other_at != 1 || h.entries_at >= h.at)
		return LB_E(RANGE);
	if (h.entries_at < begins)
		return LB_E(TRUNC);
	rc = take_header(&t, &h, sector_bytes);
	if (rc < 0)
		return rc;
	t.backup_at = h.at;
	t.entries_at = 2; /* a backup does not say it; everybody puts them there */
	rc = take_entries(&t, &h, lb_rd_init(tail, n), (h.entries_at - begins) * sector_bytes);
	if (rc == 0)
		*out = t;
	return rc;
}

static const struct lb_part *find(const struct lb_ptable *t, unsigned number)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->part[i].number == number)
			return &t->part[i];
	return NULL;
}

bool lb_ptable_has(const struct lb_ptable *t, unsigned number)
{
	return find(t, number) != NULL;
}

uint64_t lb_ptable_end(const struct lb_ptable *t)
{
	uint64_t end = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->part[i].last >= end)
			end = t->part[i].last + 1;
	return end;
}

void lb_mbr_put(const struct lb_ptable *t, void *sector)
{
	struct lb_wr w = lb_wr_init(sector, MBR_BYTES);

	(void)lb_wr_take(&w, MBR_ID_AT);
	lb_wr_bytes(&w, t->disk_id, 4);
	(void)lb_wr_take(&w, MBR_TABLE_AT - MBR_ID_AT - 4);
	for (unsigned number = 1; number <= MBR_PARTS; number++) {
		const struct lb_part *part = find(t, number);
		static const uint8_t unused[MBR_ENTRY];

		lb_wr_bytes(&w, part ? part->entry : unused, MBR_ENTRY - 8);
		lb_wr_le(&w, part ? part->first : 0, 4);
		lb_wr_le(&w, part ? part->last - part->first + 1 : 0, 4);
	}
	lb_wr_bytes(&w, "\x55\xAA", 2);
}
