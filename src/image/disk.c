/* Partition tables at the start of a disk image. */
#include "base/crc32.h"
#include "image/formats.h"

#define SECTOR		512
#define GPT_HEADER	92
#define GPT_CRC_AT	16
#define GPT_ENTRIES_MAX 128 /* as every tool writes them; more would not fit into the head */
#define GPT_ENTRY	128
#define MBR_TABLE_AT	446

static int check_entries(struct lb_rd disk, uint64_t at_sector, uint32_t count, uint32_t crc)
{
	const size_t n = (size_t)count * GPT_ENTRY;
	const uint8_t *entries;

	(void)lb_rd_take(&disk, (size_t)at_sector * SECTOR);
	entries = lb_rd_take(&disk, n);
	if (!entries)
		return LB_E(TRUNC);
	return lb_crc32(0, entries, n) == crc ? 0 : LB_E(CRC);
}

int lb_parse_gpt(struct lb_image *out, struct lb_rd head)
{
	static const uint8_t zeros[4];
	struct lb_rd disk = head, r;
	const uint8_t *header;
	uint32_t header_len, crc, seen, count, entry_len, entries_crc;
	uint64_t entries_at;

	(void)lb_rd_take(&head, SECTOR);
	header = lb_rd_take(&head, SECTOR);
	if (!header)
		return LB_E(TRUNC);
	r = lb_rd_init(header, SECTOR);
	(void)lb_rd_take(&r, 12);
	header_len = lb_rd_le32(&r);
	crc = lb_rd_le32(&r);
	(void)lb_rd_take(&r, 52); /* own and other place, usable sectors, number of the disk */
	entries_at = lb_rd_le64(&r);
	count = lb_rd_le32(&r);
	entry_len = lb_rd_le32(&r);
	entries_crc = lb_rd_le32(&r);
	if (header_len < GPT_HEADER || header_len > SECTOR)
		return LB_E(RANGE);
	seen = lb_crc32(lb_crc32(0, header, GPT_CRC_AT), zeros, sizeof(zeros));
	seen = lb_crc32(seen, header + GPT_CRC_AT + 4, header_len - GPT_CRC_AT - 4);
	if (seen != crc)
		return LB_E(CRC);
	out->length_bytes = 2 * SECTOR;
	if (entry_len != GPT_ENTRY || count > GPT_ENTRIES_MAX ||
	    entries_at > LB_IMAGE_HEAD_BYTES / SECTOR)
		return 0; /* unusual, but it may be right: not for us to say */
	return check_entries(disk, entries_at, count, entries_crc);
}

/* Boot sectors of file systems end in the same two bytes: only a table that makes sense counts. */
int lb_parse_mbr(struct lb_image *out, struct lb_rd head)
{
	unsigned used = 0;

	(void)lb_rd_take(&head, MBR_TABLE_AT);
	for (int i = 0; i < 4; i++) {
		uint8_t active = lb_rd_u8(&head), type;
		uint64_t start, sectors;

		(void)lb_rd_take(&head, 3);
		type = lb_rd_u8(&head);
		(void)lb_rd_take(&head, 3);
		start = lb_rd_le32(&head);
		sectors = lb_rd_le32(&head);
		if ((active & 0x7F) != 0 || (type != 0 && (start == 0 || sectors == 0)))
			return LB_E(FORMAT);
		if (type == 0)
			continue;
		used++;
		/* Its first sector must be there; trailing room of the last one often is not. */
		if ((start + 1) * SECTOR > out->length_bytes)
			out->length_bytes = (start + 1) * SECTOR;
	}
	return head.bad || used == 0 ? LB_E(FORMAT) : 0;
}
