/* The three headers of TP-Link. Source of the layouts: the facts on vendor protocols, 8b. */
#include <stdio.h>
#include <string.h>

#include "image/formats.h"

#define HEADER_BYTES	 512
#define V1_HW_AT	 0x40
#define V1_LENGTH_AT	 0x7C
#define V2_HW_AT	 0x34
#define V2_LENGTH_AT	 0x70
#define V2_MARK_AT	 0x8C
#define V2_MARK		 0x55AA
#define V2_MARK_2_AT	 0x90
#define V2_MARK_2	 0xA5
#define SAFE_TABLE_AT	 0x1014
#define SAFE_TABLE_MAGIC "fwup-ptn"

static uint32_t be32_at(struct lb_rd r, size_t at)
{
	(void)lb_rd_take(&r, at);
	return lb_rd_be32(&r);
}

static int parse_hw(struct lb_image *out, struct lb_rd head, size_t hw_at, size_t length_at)
{
	uint32_t hw = be32_at(head, hw_at), rev = be32_at(head, hw_at + 4);
	uint32_t length = be32_at(head, length_at);

	if (lb_rd_left(&head) < HEADER_BYTES)
		return LB_E(TRUNC);
	if (length < HEADER_BYTES)
		return LB_E(RANGE);
	(void)snprintf(out->board, sizeof(out->board), "tp-link %08x revision %u", hw, rev);
	out->length_bytes = length;
	return 0;
}

int lb_parse_tplink_v1(struct lb_image *out, struct lb_rd head)
{
	return parse_hw(out, head, V1_HW_AT, V1_LENGTH_AT);
}

/* Four bytes are little of a magic: the two marks must be there as well. */
int lb_parse_tplink_v2(struct lb_image *out, struct lb_rd head)
{
	if (lb_rd_left(&head) < HEADER_BYTES || be32_at(head, V2_MARK_AT) >> 16 != V2_MARK ||
	    be32_at(head, V2_MARK_2_AT) >> 24 != V2_MARK_2)
		return LB_E(FORMAT);
	return parse_hw(out, head, V2_HW_AT, V2_LENGTH_AT);
}

int lb_parse_safeloader(struct lb_image *out, struct lb_rd head)
{
	uint32_t length = lb_rd_be32(&head);
	const uint8_t *table;

	(void)lb_rd_take(&head, SAFE_TABLE_AT - 4);
	table = lb_rd_take(&head, sizeof(SAFE_TABLE_MAGIC) - 1);
	if (!table)
		return LB_E(TRUNC);
	if (memcmp(table, SAFE_TABLE_MAGIC, sizeof(SAFE_TABLE_MAGIC) - 1) != 0 ||
	    length < SAFE_TABLE_AT)
		return LB_E(RANGE);
	out->length_bytes = length;
	return 0;
}
