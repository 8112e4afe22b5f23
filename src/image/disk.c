/* Partition tables at the start of a disk image. */
#include "base/crc32.h"
#include "image/formats.h"
#include "image/gpt_header.h"
#include "image/ptable.h"

#define SECTOR	     512
#define MBR_TABLE_AT 446

static int check_entries(struct lb_rd disk, uint64_t at_sector, uint32_t count, uint32_t crc)
{
	const size_t n = (size_t)count * LB_PTABLE_ENTRY_BYTES;
	const uint8_t *entries;

	(void)lb_rd_take(&disk, (size_t)at_sector * SECTOR);
	entries = lb_rd_take(&disk, n);
	if (!entries)
		return LB_E(TRUNC);
	return lb_crc32(0, entries, n) == crc ? 0 : LB_E(CRC);
}

int lb_parse_gpt(struct lb_image *out, struct lb_rd head)
{
	struct lb_rd disk = head;
	struct lb_gpt_header h;
	int rc;

	(void)lb_rd_take(&head, SECTOR);
	if (lb_rd_left(&head) < SECTOR)
		return LB_E(TRUNC);
	rc = lb_gpt_header_parse(&h, head.p, SECTOR);
	if (rc < 0)
		return rc;
	out->length_bytes = 2 * SECTOR;
	if (h.entry_bytes != LB_PTABLE_ENTRY_BYTES || h.entry_count > LB_PTABLE_PARTS_MAX ||
	    h.entries_at > LB_IMAGE_HEAD_BYTES / SECTOR)
		return 0; /* unusual, but it may be right: not for us to say */
	return check_entries(disk, h.entries_at, h.entry_count, h.entries_crc);
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
