#include "image/flash_block.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"

#define NODE_HEAD_BYTES 12
#define MAGIC		0x1985
#define CLEANMARKER	0x2003
#define ACCURATE	0x2000 /* cleared in place when a node is obsolete, after its checksum */

struct node_head {
	bool little;
	uint16_t type;
	uint32_t total_bytes;
};

static uint64_t take(struct lb_rd *r, bool little, size_t width)
{
	return little ? lb_rd_le(r, width) : lb_rd_be(r, width);
}

/* JFFS2 leaves out both inversions of the usual CRC-32. */
static uint32_t crc_of(const uint8_t *head, const struct node_head *h)
{
	const uint16_t type = h->type | ACCURATE;
	uint8_t bytes[8];

	memcpy(bytes, head, sizeof(bytes));
	bytes[h->little ? 2 : 3] = (uint8_t)type;
	bytes[h->little ? 3 : 2] = (uint8_t)(type >> 8);
	return ~lb_crc32(0xFFFFFFFF, bytes, sizeof(bytes));
}

static bool read_head(struct node_head *out, const uint8_t *p, size_t n)
{
	for (int little = 0; little < 2; little++) {
		struct node_head h = {.little = little};
		struct lb_rd r = lb_rd_init(p, n);

		if (take(&r, h.little, 2) != MAGIC)
			continue;
		h.type = (uint16_t)take(&r, h.little, 2);
		h.total_bytes = (uint32_t)take(&r, h.little, 4);
		if (take(&r, h.little, 4) != crc_of(p, &h) || r.bad)
			continue;
		*out = h;
		return true;
	}
	return false;
}

static bool is_blank(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0xFF)
			return false;
	return true;
}

static bool begins_with(const uint8_t *p, size_t n, const char *mark)
{
	return n >= strlen(mark) && memcmp(p, mark, strlen(mark)) == 0;
}

static bool is_native(const struct node_head *h)
{
	return h->little == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
}

enum lb_flash_look lb_flash_look(const void *block, size_t n)
{
	const uint8_t *p = block;
	struct node_head h;

	if (is_blank(p, n))
		return LB_FLASH_BLANK;
	if (begins_with(p, n, LB_FLASH_REQUEST))
		return LB_FLASH_ASKS;
	if (begins_with(p, n, LB_FLASH_DEADCODE))
		return LB_FLASH_DEAD;
	if (n < NODE_HEAD_BYTES || !read_head(&h, p, n))
		return LB_FLASH_OTHER;
	if (h.type == CLEANMARKER && h.total_bytes == NODE_HEAD_BYTES && is_native(&h) &&
	    is_blank(p + NODE_HEAD_BYTES, n - NODE_HEAD_BYTES))
		return LB_FLASH_CLEAN;
	return LB_FLASH_NODE;
}

bool lb_flash_has_node(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	struct node_head h;

	for (size_t at = 0; at + NODE_HEAD_BYTES <= n; at += 4)
		if (read_head(&h, p + at, n - at))
			return true;
	return false;
}
